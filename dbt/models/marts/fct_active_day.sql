-- One row an identity (who is taken for one person: by confirmed links, or by probable ones too),
-- person, area (`all`: any) and day with at least one contribution: the way of a person as a
-- sequence of days. On a day with two affiliations the one nearest to Mozilla counts.

with persons as (
    select 'confirmed' as identity_level, person_id, person_id as whose
    from {{ ref('dim_person') }}
    union all
    select 'probable' as identity_level, person_id, probable_person_id as whose
    from {{ ref('dim_person') }}
),

days as (
    select
        persons.identity_level,
        persons.whose as person_id,
        active.area,
        active.occurred_on,
        min(
            case active.affiliation
                when 'staff' then 1 when 'vendor' then 2 when 'volunteer' then 3 else 4
            end
        ) as affiliation_rank
    from {{ ref('fct_contributor_day') }} as active
    inner join persons on active.person_id = persons.person_id
    group by persons.identity_level, persons.whose, active.area, active.occurred_on
)

select
    identity_level,
    person_id,
    area,
    occurred_on,

    case affiliation_rank
        when 1 then 'staff' when 2 then 'vendor' when 3 then 'volunteer' else 'unknown'
    end as affiliation,
    row_number() over (
        partition by identity_level, person_id, area order by occurred_on
    ) as day_number,
    lead(occurred_on) over (
        partition by identity_level, person_id, area order by occurred_on
    ) as next_on
from days

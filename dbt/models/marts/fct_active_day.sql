-- One row an identity (who is taken for one person: by confirmed links, or by probable ones too),
-- person, area (`all`: any) and day with at least one contribution: the way of a person as a
-- sequence of days. On a day with two affiliations the one nearest to Mozilla counts.

with days as (
    select
        identities.identity_level,
        identities.person_id,
        active.area,
        active.occurred_on,
        min(
            case active.affiliation
                when 'staff' then 1 when 'vendor' then 2 when 'volunteer' then 3 else 4
            end
        ) as affiliation_rank
    from {{ ref('fct_contributor_day') }} as active
    inner join {{ ref('dim_identity') }} as identities on active.person_id = identities.member_id
    group by identities.identity_level, identities.person_id, active.area, active.occurred_on
)

select
    identity_level,
    person_id,
    area,
    occurred_on,

    case affiliation_rank
        when 1 then 'staff' when 2 then 'vendor' when 3 then 'volunteer' else 'unknown'
    end as affiliation,
    cast(
        row_number() over (partition by identity_level, person_id, area order by occurred_on)
        as bigint
    ) as day_number,
    lead(occurred_on) over (
        partition by identity_level, person_id, area order by occurred_on
    ) as next_on
from days

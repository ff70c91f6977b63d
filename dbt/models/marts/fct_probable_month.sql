-- One row a person as probable links make them, month, area (`all`: any) and affiliation with at
-- least one contribution, and what the month is in the way of that person: what
-- `fct_contributor_month` tells of persons by confirmed links. Left-censored is who is so by the
-- account that began first.

with firsts as (
    select probable_person_id, min(first_contribution_on) as first_on
    from {{ ref('dim_person') }}
    group by probable_person_id
),

people as (
    select
        persons.probable_person_id,
        firsts.first_on,
        max(
            case
                when persons.is_left_censored and persons.first_contribution_on = firsts.first_on
                    then 1
                else 0
            end
        ) = 1 as is_left_censored
    from {{ ref('dim_person') }} as persons
    inner join firsts on persons.probable_person_id = firsts.probable_person_id
    group by persons.probable_person_id, firsts.first_on
),

affiliated as (
    select
        persons.probable_person_id,
        months.area,
        months.affiliation,
        months.period_start,
        max(months.last_active_on) as last_active_on
    from {{ ref('fct_contributor_month') }} as months
    inner join {{ ref('dim_person') }} as persons on months.person_id = persons.person_id
    group by persons.probable_person_id, months.area, months.affiliation, months.period_start
),

months as (
    select probable_person_id, area, period_start, max(last_active_on) as last_on
    from affiliated
    group by probable_person_id, area, period_start
),

ways as (
    select
        probable_person_id,
        area,
        period_start,
        lag(last_on) over (
            partition by probable_person_id, area order by period_start
        ) as previous_on
    from months
)

select
    affiliated.probable_person_id,
    affiliated.period_start,
    affiliated.area,
    affiliated.affiliation,

    {{ month_in_way(
        'affiliated.period_start', 'ways.previous_on', 'people.first_on', 'people.is_left_censored'
    ) }}
from affiliated
inner join ways
    on
        affiliated.probable_person_id = ways.probable_person_id
        and affiliated.area = ways.area
        and affiliated.period_start = ways.period_start
inner join people on affiliated.probable_person_id = people.probable_person_id

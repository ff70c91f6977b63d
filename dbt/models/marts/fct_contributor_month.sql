-- One row a person, month, area (`all`: any) and affiliation with at least one contribution, and
-- what the month is in the person's way: the first, one of a row, or a return. These, like the
-- region at the end of the month, are facts of the person and do not depend on the affiliation.

with months as (
    select
        person_id,
        area,
        {{ dbt.date_trunc('month', 'occurred_on') }} as period_start,
        max(occurred_on) as last_on
    from {{ ref('fct_contributor_day') }}
    group by person_id, area, {{ dbt.date_trunc('month', 'occurred_on') }}
),

ways as (
    select
        person_id,
        area,
        period_start,
        cast(
            {{ dbt.dateadd('month', 1, 'period_start') }} as {{ dbt.type_timestamp() }}
        ) as period_end,
        lag(last_on) over (partition by person_id, area order by period_start) as previous_on
    from months
),

affiliated as (
    select
        person_id,
        area,
        affiliation,
        {{ dbt.date_trunc('month', 'occurred_on') }} as period_start,
        count(*) as active_days,
        bit_or({{ day_bit('occurred_on') }}) as day_bits,
        max(occurred_on) as last_active_on
    from {{ ref('fct_contributor_day') }}
    group by person_id, area, affiliation, {{ dbt.date_trunc('month', 'occurred_on') }}
)

select
    affiliated.person_id,
    cast(affiliated.period_start as {{ dbt.type_timestamp() }}) as period_start,
    ways.period_end,
    affiliated.area,
    affiliated.affiliation,

    affiliated.active_days,
    affiliated.day_bits,
    affiliated.last_active_on,
    {{ month_in_way(
        'affiliated.period_start', 'ways.previous_on', 'persons.first_contribution_on', 'persons.is_left_censored'
    ) }},
    countries.country,
    coalesce(countries.region, 'unknown') as region,
    coalesce(countries.is_backfilled, false) as is_region_backfilled
from affiliated
inner join ways
    on
        affiliated.person_id = ways.person_id
        and affiliated.area = ways.area
        and affiliated.period_start = ways.period_start
inner join {{ ref('dim_person') }} as persons on affiliated.person_id = persons.person_id
left join {{ ref('dim_person_country') }} as countries
    on
        affiliated.person_id = countries.person_id
        and countries.seen_from < cast(ways.period_end as date)
        and countries.seen_until >= cast(ways.period_end as date)

-- One row an identity level, person, month, area (`all`: any) and affiliation with at least one
-- contribution, and what the month is in the person's way: the first, one of a row, or a return.
-- These, like the region at the end of the month, are facts of the person and do not depend on the
-- affiliation.

with affiliated as (
    select
        identities.identity_level,
        identities.person_id,
        active.area,
        active.affiliation,
        {{ dbt.date_trunc('month', 'active.occurred_on') }} as period_start,
        bit_or({{ day_bit('active.occurred_on') }}) as day_bits,
        max(active.occurred_on) as last_active_on
    from {{ ref('fct_contributor_day') }} as active
    inner join {{ ref('dim_identity') }} as identities on active.person_id = identities.member_id
    group by
        identities.identity_level,
        identities.person_id,
        active.area,
        active.affiliation,
        {{ dbt.date_trunc('month', 'active.occurred_on') }}
),

months as (
    select
        identity_level,
        person_id,
        area,
        period_start,
        max(last_active_on) as last_on
    from affiliated
    group by identity_level, person_id, area, period_start
),

ways as (
    select
        identity_level,
        person_id,
        area,
        period_start,
        cast(
            {{ dbt.dateadd('month', 1, 'period_start') }} as {{ dbt.type_timestamp() }}
        ) as period_end,
        lag(last_on) over (
            partition by identity_level, person_id, area order by period_start
        ) as previous_on
    from months
),

people as (
    {{ people_of_levels() }}
)

select
    affiliated.identity_level,
    affiliated.person_id,
    cast(affiliated.period_start as {{ dbt.type_timestamp() }}) as period_start,
    ways.period_end,
    affiliated.area,
    affiliated.affiliation,

    cast(bit_count(affiliated.day_bits) as bigint) as active_days,
    affiliated.day_bits,
    affiliated.last_active_on,
    {{ month_in_way(
        'affiliated.period_start',
        'ways.previous_on',
        'people.first_contribution_on',
        'people.is_left_censored'
    ) }},
    countries.country,
    coalesce(countries.region, 'unknown') as region,
    coalesce(countries.is_backfilled, false) as is_region_backfilled
from affiliated
inner join ways
    on
        affiliated.identity_level = ways.identity_level
        and affiliated.person_id = ways.person_id
        and affiliated.area = ways.area
        and affiliated.period_start = ways.period_start
inner join people
    on
        affiliated.identity_level = people.identity_level
        and affiliated.person_id = people.person_id
left join {{ ref('dim_identity_country') }} as countries
    on
        affiliated.identity_level = countries.identity_level
        and affiliated.person_id = countries.person_id
        and countries.seen_from < cast(ways.period_end as date)
        and countries.seen_until >= cast(ways.period_end as date)

-- One row an identity level, year, population, resource and region with enough active persons in
-- the 365 days before its end: how much of the resource began in these days, and how many were
-- active. Whoever declared no country is in no region.

{% set days = var('parameters')['contributor_window_days'] %}
with years as (
    select period_start, period_end from {{ ref('dim_period') }} where grain = 'year'
),

active as (
    select
        windows.identity_level,
        years.period_start,
        years.period_end,
        windows.population,
        levels.region,
        count(*) as persons,
        sum(case when windows.is_affiliation_unknown then 1 else 0 end) as unknown_persons
    from years
    inner join {{ ref('fct_identity_window') }} as windows
        on
            years.period_end = windows.period_end
            and windows.area = 'all'
    inner join {{ ref('fct_identity_level') }} as levels
        on
            windows.identity_level = levels.identity_level
            and windows.person_id = levels.person_id
            and windows.period_end = levels.period_end
            and levels.area = 'all'
    group by
        windows.identity_level,
        years.period_start,
        years.period_end,
        windows.population,
        levels.region
),

totals as (
    select
        identity_level,
        period_end,
        population,
        sum(persons) as persons
    from active
    group by identity_level, period_end, population
),

large as (
    select
        active.identity_level,
        active.period_start,
        active.period_end,
        active.population,
        active.region,
        active.persons,
        active.unknown_persons,
        totals.persons as everybody
    from active
    inner join totals
        on
            active.identity_level = totals.identity_level
            and active.period_end = totals.period_end
            and active.population = totals.population
    where
        active.region <> 'unknown'
        and active.persons >= {{ var('parameters')['min_persons'] }}
),

given as (
    select
        resources.identity_level,
        years.period_end,
        resources.resource,
        resources.region,
        sum(resources.amount) as amount,
        count(distinct resources.receiver_id) as receivers
    from years
    inner join {{ ref('fct_resource') }} as resources
        on
            resources.starts_on
            >= cast({{ dbt.dateadd('day', -days, 'years.period_end') }} as date)
            and resources.starts_on < cast(years.period_end as date)
    group by resources.identity_level, years.period_end, resources.resource, resources.region
),

kinds as (
    select
        resource,
        min(unit) as unit,
        min(case when is_counted then 1 else 0 end) = 1 as is_counted
    from {{ ref('fct_resource') }}
    group by resource
)

select
    large.identity_level,
    large.period_start,
    large.period_end,
    large.population,
    kinds.resource,
    large.region,

    cast(coalesce(given.amount, 0) as decimal(38, 4)) as amount,
    kinds.unit,
    kinds.is_counted,
    cast(coalesce(given.receivers, 0) as bigint) as receivers,
    cast(large.persons as bigint) as persons,
    cast(large.unknown_persons as bigint) as unknown_persons,
    cast(large.everybody as bigint) as everybody
from large
cross join kinds
left join given
    on
        large.identity_level = given.identity_level
        and large.period_end = given.period_end
        and large.region = given.region
        and kinds.resource = given.resource

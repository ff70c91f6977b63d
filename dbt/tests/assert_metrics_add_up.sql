-- The sums that must reconcile (catalogue, section 12): regions and unknown are the total;
-- countries are their region; active is new, continuing and reactivated; levels are the month;
-- event types are their area; who is new in an area is new to Mozilla or only to the area, where
-- that can be told; the moves from a level are one; the newcomers of regions and unknown are all
-- newcomers.

with published as (
    select
        metric,
        period_start,
        period_end,
        grain,
        coalesce(area, 'all') as area,
        event_type,
        region,
        country,
        level,
        category,
        population,
        value
    from {{ ref('metric_value') }}
    where value is not null
),

active as (
    select period_start, area, population, value as whole
    from published
    where metric = 'active_contributors' and grain = 'month' and level is null
),

parts as (
    select
        'regions and unknown are the total' as promise,
        period_start,
        area,
        population,
        sum(value) as parts
    from published
    where metric = 'active_contributors_by_region' and country is null
    group by period_start, area, population
    union all
    select
        'new, continuing and reactivated are the active' as promise,
        period_start,
        area,
        population,
        sum(value) as parts
    from published
    where
        (metric = 'new_contributors' and category is null)
        or (metric = 'returning_contributors' and category is not null)
    group by period_start, area, population
    union all
    select
        'levels are the active' as promise,
        period_start,
        area,
        population,
        sum(value) as parts
    from published
    where metric = 'active_contributors' and level is not null
    group by period_start, area, population
    union all
    select
        'coverage counts the active' as promise,
        period_start,
        coalesce(area, 'all') as area,
        population,
        sum(denominator) as parts
    from {{ ref('met_region_coverage') }}
    where value is not null
    group by period_start, coalesce(area, 'all'), population
),

categories as (
    select
        metric,
        period_start,
        area,
        population,
        sum(value) filter (where category is null) as whole,
        sum(value) filter (where category is not null) as parts
    from published
    where
        metric = 'returning_contributors'
        or (metric = 'new_contributors' and area <> 'all')
    group by metric, period_start, area, population
),

-- Who is new in an area can be told where nobody can tell yet who is new to Mozilla.
untold as (
    select distinct
        metric,
        period_start,
        area,
        population,
        true as is_untold
    from {{ ref('metric_value') }}
    where
        metric = 'new_contributors'
        and category is not null
        and status = 'unavailable'
        and contains(flags, 'left_censored')
),

event_types as (
    select
        period_start,
        area,
        population,
        sum(value) filter (where event_type is null) as whole,
        sum(value) filter (where event_type is not null) as parts
    from published
    where metric = 'contributions'
    group by period_start, area, population
),

countries as (
    select
        period_start,
        area,
        population,
        region,
        sum(value) filter (where country is null) as whole,
        sum(value) filter (where country is not null) as parts
    from published
    where metric = 'active_contributors_by_region' and region <> 'unknown'
    group by period_start, area, population, region
)

select promise, period_start, area, population, whole, parts
from parts
left join active using (period_start, area, population)
where parts is distinct from whole

union all

select 'categories are the ' || metric, period_start, area, population, whole, parts
from categories
left join untold using (metric, period_start, area, population)
where whole is distinct from parts and not (parts is null and coalesce(untold.is_untold, false))

union all

select 'event types are their area', period_start, area, population, whole, parts
from event_types
where whole is distinct from parts

union all

select 'countries are their region', period_start, area, population, whole, parts
from countries
where coalesce(whole, 0) is distinct from coalesce(parts, 0)

union all

select
    'moves from a level are one' as promise,
    period_start,
    coalesce(area, 'all') as area,
    population,
    1.0 as whole,
    sum(value) as parts
from {{ ref('met_level_transition_matrix') }}
where value is not null
group by period_start, area, region, level, population
having abs(sum(value) - 1) > 1e-9

union all

select
    'regions and unknown are all newcomers' as promise,
    period_start,
    area,
    population,
    sum(denominator) filter (where region is null) as whole,
    sum(denominator) filter (where region is not null) as parts
from (
    select 'retention' as metric, period_start, area, category, population, region, denominator
    from {{ ref('met_newcomer_retention') }}
    where value is not null
    union all
    select 'regional', period_start, null, null, population, region, denominator
    from {{ ref('met_regional_retention_180d') }}
    where value is not null
    union all
    select 'survival', period_start, area, category, population, region, denominator
    from {{ ref('met_contributor_survival') }}
    where denominator > 0 and attribute is null
) as newcomers
group by metric, period_start, area, category, population
having whole is distinct from parts

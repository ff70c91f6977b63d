-- The sums that must reconcile between levels, flows and the persona (catalogue, section 12):
-- levels are the active; regions are their level; the net flow is who arrived less who departed,
-- and the change in the number of those who are not inactive; parts of the persona and of the
-- several areas are their whole, and the three personas hold each other.

with published as (
    select *
    from {{ ref('metric_value') }}
    where value is not null
),

levels as (
    select
        period_start,
        period_end,
        area,
        population,
        sum(value) filter (where level in ('core', 'regular', 'casual')) as active,
        sum(value) filter (where level <> 'inactive') as not_inactive,
        count(*) filter (where level <> 'inactive') as levels_known
    from published
    where metric = 'activity_level_distribution' and region is null and tenure is null
    group by period_start, period_end, area, population
),

flows as (
    select
        period_start,
        period_end,
        area,
        population,
        max(value) filter (where category is null) as net,
        max(value) filter (where category = 'arrived') as arrived,
        max(value) filter (where category = 'departed') as departed
    from published
    where metric = 'contributor_net_flow'
    group by period_start, period_end, area, population
),

windows as (
    select grain, period_end, area, value
    from published
    where metric = 'active_contributors' and population = 'all' and level is null
),

newcomers as (
    select period_start, area, population, sum(value) as value
    from published
    where
        (metric = 'new_contributors' and category is null)
        or (metric = 'returning_contributors' and category = 'reactivated')
    group by period_start, area, population
),

personas as (
    select
        period_end,
        max(value) filter (where category = 'loose') as loose,
        max(value) filter (where category is null) as headline,
        max(value) filter (where category = 'strict') as strict
    from published
    where metric = 'mdm_contributors' and region is null and area is null
    group by period_end
),

sums as (
    select
        'core, regular and casual are the active of 90 days' as promise,
        levels.period_end,
        levels.area,
        levels.population,
        levels.active as parts,
        windows.value as whole
    from levels
    inner join windows
        on levels.period_end = windows.period_end and levels.area is not distinct from windows.area
    where levels.population = 'all' and windows.grain = 'trailing_90d'
    union all
    select
        'who is not inactive is active in 180 days' as promise,
        levels.period_end,
        levels.area,
        levels.population,
        levels.not_inactive as parts,
        windows.value as whole
    from levels
    inner join windows
        on levels.period_end = windows.period_end and levels.area is not distinct from windows.area
    where
        levels.population = 'all'
        and levels.levels_known = 4
        and windows.grain = 'trailing_180d'
    union all
    select
        'regions are their level' as promise,
        period_end,
        concat_ws(' ', area, level) as area,
        population,
        sum(value) filter (where region is not null) as parts,
        sum(value) filter (where region is null and tenure is null) as whole
    from published
    where
        metric = 'activity_level_distribution' and tenure is null and population = 'community'
    group by period_end, area, level, population
    union all
    select
        'bands of tenure are their level' as promise,
        period_end,
        level as area,
        population,
        sum(value) filter (where tenure is not null) as parts,
        sum(value) filter (where region is null and tenure is null) as whole
    from published
    where metric = 'activity_level_distribution' and region is null and area is null
    group by period_end, level, population
    union all
    select
        'the net flow is arrivals less departures' as promise,
        period_end,
        area,
        population,
        arrived - departed as parts,
        net as whole
    from flows
    union all
    select
        'who arrived is new or reactivated' as promise,
        flows.period_end,
        flows.area,
        flows.population,
        newcomers.value as parts,
        flows.arrived as whole
    from flows
    inner join newcomers
        on
            flows.period_start = newcomers.period_start
            and flows.area is not distinct from newcomers.area
            and flows.population = newcomers.population
    where flows.population = 'all'
    union all
    select
        'the net flow is the change in those who are not inactive' as promise,
        flows.period_end,
        flows.area,
        flows.population,
        flows.net as parts,
        after.not_inactive - before.not_inactive as whole
    from flows
    inner join levels as before
        on
            flows.period_start = before.period_end
            and flows.area is not distinct from before.area
            and flows.population = before.population
    inner join levels as after
        on
            flows.period_end = after.period_end
            and flows.area is not distinct from after.area
            and flows.population = after.population
    where flows.population = 'all' and before.levels_known = 4 and after.levels_known = 4
    union all
    select
        'regions are the persona' as promise,
        period_end,
        category as area,
        population,
        sum(value) filter (where region is not null) as parts,
        sum(value) filter (where region is null) as whole
    from published
    where metric = 'mdm_contributors' and area is null
    group by period_end, category, population
    union all
    select
        'main areas are the persona' as promise,
        period_end,
        category as area,
        population,
        sum(value) filter (where area is not null) as parts,
        sum(value) filter (where area is null) as whole
    from published
    where metric = 'mdm_contributors' and region is null
    group by period_end, category, population
    union all
    select
        'simultaneous and sequential are those in several areas' as promise,
        period_end,
        null as area,
        population,
        sum(numerator) filter (where category is not null) as parts,
        sum(numerator) filter (where category is null) as whole
    from published
    where metric = 'multi_area_share'
    group by period_end, population
)

select promise, period_end, area, population, parts, whole
from sums
where coalesce(parts, 0) is distinct from coalesce(whole, 0)

union all

select 'strict within the persona within loose', period_end, null, null, headline, loose
from personas
where not (strict <= headline and headline <= loose)

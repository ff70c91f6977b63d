-- Persons at each activity level at the end of a month, by area, and by region or tenure. The five
-- levels hold everybody who ever contributed (in the area). Who is active is told from 90 days, who
-- is drifting or inactive from 180. A person is of the affiliation of the last active day.

{% set active_window = 'trailing_' ~ var('parameters')['level_window_days'] ~ 'd' %}
{% set silent_window = 'trailing_' ~ var('parameters')['inactive_after_days'] ~ 'd' %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month', active_window, silent_window]),
        'fct_identity_level': read_at_end_and_values(
            'fct_identity_level',
            [
                'identity_level', 'person_id', 'area', 'affiliation', 'level', 'region', 'tenure',
                'is_region_backfilled',
            ],
            ['identity_level', 'area', 'affiliation', 'region', 'tenure'],
        ),
    },
}) }}

with levels as (
    select 'core' as level, '{{ active_window }}' as window_grain
    union all
    select 'regular' as level, '{{ active_window }}' as window_grain
    union all
    select 'casual' as level, '{{ active_window }}' as window_grain
    union all
    select 'drifting' as level, '{{ silent_window }}' as window_grain
    union all
    select 'inactive' as level, '{{ silent_window }}' as window_grain
),

slices as (
    select
        months.grain,
        months.period_start,
        months.period_end,
        months.area,
        populations.population,
        levels.level,
        windows.status,
        windows.is_source_missing
    from {{ ref('fct_area_period') }} as months
    cross join levels
    cross join (select unnest(['all', 'community']) as population) as populations
    inner join {{ ref('fct_area_period') }} as windows
        on
            months.period_end = windows.period_end
            and months.area = windows.area
            and levels.window_grain = windows.grain
    where months.grain = 'month' and {{ due('months.period_end') }}
),

-- Tenure is told over all areas together, regions for the community alone: enough cells to guard.
counted as (
    select
        persons.period_end,
        persons.area,
        populations.population,
        persons.level,
        persons.region,
        persons.tenure,
        count(*) filter (where persons.identity_level = 'confirmed') as persons,
        count(*) filter (where persons.identity_level = 'probable') as probable_persons,
        count(*) filter (
            where persons.identity_level = 'confirmed' and persons.affiliation = 'unknown'
        ) as unknown_persons,
        bool_or(persons.is_region_backfilled) filter (where persons.identity_level = 'confirmed')
        and grouping(persons.region) = 0 as is_backfilled
    from {{ ref('fct_identity_level') }} as persons
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where populations.population in ('all', 'community') and {{ due('persons.period_end') }}
    group by
        persons.period_end,
        persons.area,
        populations.population,
        persons.level,
        grouping sets ((), (persons.region), (persons.tenure))
    having
        (grouping(persons.region) = 1 or populations.population = 'community')
        and (grouping(persons.tenure) = 1 or persons.area = 'all')
),

totals as (
    select
        period_end,
        area,
        population,
        coalesce(sum(persons) filter (where region <> 'unknown'), 0) / sum(persons) as coverage
    from counted
    where region is not null
    group by period_end, area, population
),

once_seen as (
    select distinct
        persons.area,
        populations.population,
        persons.region,
        persons.tenure
    from {{ ref('fct_identity_level') }} as persons
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where persons.identity_level = 'confirmed'
),

places as (
    select area, population, region, null as tenure from once_seen where population = 'community'
    union
    select area, population, null, tenure from once_seen where area = 'all'
    union
    select area, population, null, null from slices
),

measured as (
    select
        slices.*,
        places.region,
        places.tenure,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.probable_persons, 0) as probable_persons,
        counted.unknown_persons,
        coalesce(counted.is_backfilled, false) as is_backfilled,
        case when places.region is not null then totals.coverage end as coverage
    from slices
    inner join places using (area, population)
    left join counted
        on
            slices.period_end = counted.period_end
            and slices.area = counted.area
            and slices.population = counted.population
            and slices.level = counted.level
            and places.region is not distinct from counted.region
            and places.tenure is not distinct from counted.tenure
    left join totals
        on
            slices.period_end = totals.period_end
            and slices.area = totals.area
            and slices.population = totals.population
    where slices.status <> 'unavailable' or (places.region is null and places.tenure is null)
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    level,
    tenure,
    population,

    case when status <> 'unavailable' then persons end::double as value,
    case when status <> 'unavailable' then probable_persons end::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    case when status <> 'unavailable' then persons end as persons,
    case when status <> 'unavailable' then {{ smaller_group('persons', 'probable_persons') }} end
        as smallest_group,
    case when status <> 'unavailable' then coverage end as coverage,
    case
        when status <> 'unavailable' and population = 'community'
            then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    status,
    {{ flags_of({
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

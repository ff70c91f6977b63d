-- Persons with at least one contribution in a period, by area and, for months, by activity level
-- (CHAOSS "Contributors"; no threshold of edits).

{% set grains = ['month', 'week'] %}
{% for days in var('parameters')['activity_windows_days'] %}
    {% do grains.append('trailing_' ~ days ~ 'd') %}
{% endfor %}
with slices as (
    {{ area_slices(grains, ['all', 'community', 'staff']) }}
),

-- Windows end with a month, so the last active day of each month tells who was active in them.
seen as (
    select 'month' as grain, period_start, area, affiliation, person_id
    from {{ ref('fct_contributor_month') }}
    union all
    select
        'week' as grain,
        date_trunc('week', occurred_on) as period_start,
        area,
        affiliation,
        person_id
    from {{ ref('fct_contributor_day') }}
    union all
    select windows.grain, windows.period_start, months.area, months.affiliation, months.person_id
    from {{ ref('dim_period') }} as windows
    inner join {{ ref('fct_contributor_month') }} as months
        on
            windows.period_start <= months.last_active_on
            and windows.period_end > months.last_active_on
    inner join (select distinct grain from slices where grain like 'trailing_%') as asked
        on windows.grain = asked.grain
),

active as (
    select
        seen.grain,
        seen.period_start,
        seen.area,
        populations.population,
        seen.person_id,
        bool_or(seen.affiliation = 'unknown') as is_affiliation_unknown
    from seen
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    group by
        seen.grain, seen.period_start, seen.area, populations.population, seen.person_id
),

-- Whom probable links would make one person of several.
doubles as (
    select person_id, probable_person_id
    from {{ ref('dim_person') }}
    qualify count(*) over (partition by probable_person_id) > 1
),

counted as (
    select
        active.grain,
        active.period_start,
        active.area,
        active.population,
        count(*) as persons,
        count(*) filter (where doubles.person_id is null)
        + count(distinct doubles.probable_person_id) as probable_persons,
        count_if(active.is_affiliation_unknown) as unknown_persons
    from active
    left join doubles using (person_id)
    group by active.grain, active.period_start, active.area, active.population
),

-- Levels look back 90 days, so they can be told only where these are loaded.
level_slices as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.population,
        levels.level,
        windows.status,
        windows.is_source_missing
    from slices
    inner join {{ ref('fct_area_period') }} as windows
        on
            slices.period_end = windows.period_end
            and slices.area = windows.area
            and windows.grain = 'trailing_{{ var("parameters")["level_window_days"] }}d'
    cross join (select unnest(['core', 'regular', 'casual']) as level) as levels
    where slices.grain = 'month' and slices.area = 'all'
),

level_counted as (
    select
        active.period_start,
        active.population,
        levels.level,
        count(*) filter (where active.identity_level = 'confirmed') as persons,
        count(*) filter (where active.identity_level = 'probable') as probable_persons,
        count(*) filter (
            where active.identity_level = 'confirmed' and active.is_affiliation_unknown
        ) as unknown_persons
    from (
        select
            months.identity_level,
            months.person_id,
            months.period_start,
            months.period_end,
            populations.population,
            bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
        from {{ ref('fct_identity_month') }} as months
        inner join {{ ref('dim_population') }} as populations using (affiliation)
        where months.area = 'all'
        group by all
    ) as active
    inner join {{ ref('fct_identity_level') }} as levels
        using (identity_level, person_id, period_end)
    where levels.area = 'all'
    group by active.period_start, active.population, levels.level
),

measured as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        nullif(slices.area, 'all') as area,
        null as level,
        slices.population,
        slices.status,
        slices.is_source_missing,
        counted.persons,
        coalesce(counted.probable_persons, 0) as probable_persons,
        counted.unknown_persons
    from slices
    left join counted using (grain, period_start, area, population)
    union all
    select
        level_slices.grain,
        level_slices.period_start,
        level_slices.period_end,
        null as area,
        level_slices.level,
        level_slices.population,
        level_slices.status,
        level_slices.is_source_missing,
        level_counted.persons,
        coalesce(level_counted.probable_persons, 0) as probable_persons,
        level_counted.unknown_persons
    from level_slices
    left join level_counted using (period_start, population, level)
)

select
    grain,
    period_start,
    period_end,
    area,
    level,
    population,

    case when status <> 'unavailable' then coalesce(persons, 0) end::double as value,
    case when status <> 'unavailable' then probable_persons end::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    case when status <> 'unavailable' then coalesce(persons, 0) end as persons,
    case when status <> 'unavailable' then {{ smaller_group('persons', 'probable_persons') }} end
        as smallest_group,
    case
        when status <> 'unavailable' and population = 'community' then unknown_persons / persons
    end as unknown_affiliation_share,
    status,
    {{ flags({'source_missing': 'is_source_missing'}) }} as flags
from measured

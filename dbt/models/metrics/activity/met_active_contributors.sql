-- Persons with at least one contribution in a period, by area and, for months, by activity level
-- (CHAOSS "Contributors"; no threshold of edits).

{% set grains = ['month', 'week'] %}
{% for days in var('parameters')['activity_windows_days'] %}
    {% do grains.append('trailing_' ~ days ~ 'd') %}
{% endfor %}
{% set longest = var('parameters')['activity_windows_days'] | max %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(grains),
    'reads': {
        'fct_area_period': read_of_areas(grains),
        'dim_period': read_of_period(grains),
        'fct_identity_month': read_of_months(
            [
                'identity_level', 'person_id', 'area', 'affiliation', 'period_start',
                'last_active_on',
            ],
            longest,
        ),
        'fct_identity_level': read_at_end(['identity_level', 'person_id', 'area', 'level']),
        'fct_contributor_day': read_of_days(['person_id', 'area', 'affiliation', 'occurred_on'], 7),
        'dim_person': read_of_persons(),
    },
}) }}

with slices as (
    {{ area_slices(grains, ['all', 'community', 'staff'], only_due=true) }}
),

-- Who was active in a month, on three sides: by confirmed links, by probable ones too, and by
-- confirmed ones with something done under an affiliation that nobody knows.
months as (
    select
        active.identity_level as side,
        active.person_id,
        active.area,
        populations.population,
        active.period_start,
        active.period_end,
        max(active.last_active_on) as last_active_on
    from {{ ref('fct_identity_month') }} as active
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due('active.period_end', longest + 32) }}
    group by
        active.identity_level,
        active.person_id,
        active.area,
        populations.population,
        active.period_start,
        active.period_end
    union all
    select
        'unknown' as side,
        active.person_id,
        active.area,
        populations.population,
        active.period_start,
        active.period_end,
        active.last_active_on
    from {{ ref('fct_identity_month') }} as active
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where
        active.identity_level = 'confirmed'
        and active.affiliation = 'unknown'
        and {{ due('active.period_end', longest + 32) }}
),

-- Windows end with a month. Whoever was active in one is in all that end from then on, until the
-- last active day falls out or the next month with one takes over.
ways as (
    select
        *,
        lead(last_active_on) over (
            partition by side, person_id, area, population order by period_start
        ) as next_active_on
    from months
),

stays as (
    select
        windows.grain,
        ways.side,
        ways.area,
        ways.population,
        ways.period_end as comes_at,
        date_trunc(
            'month', least(ways.next_active_on, ways.last_active_on + windows.days)
        ) + interval 1 month as goes_at
    from ways
    cross join (
        select
            unnest({{ var('parameters')['activity_windows_days'] }}) as days,
            'trailing_' || days || 'd' as grain
    ) as windows
),

moves as (
    select grain, side, area, population, comes_at as moves_at, 1 as persons
    from stays
    where goes_at > comes_at
    union all
    select grain, side, area, population, goes_at as moves_at, -1 as persons
    from stays
    where goes_at > comes_at
),

flows as (
    select
        grain,
        area,
        population,
        moves_at,
        sum(persons) filter (where side = 'confirmed') as persons,
        sum(persons) filter (where side = 'probable') as probable_persons,
        sum(persons) filter (where side = 'unknown') as unknown_persons
    from moves
    group by grain, area, population, moves_at
),

counted as (
    select
        'month' as grain,
        period_start,
        area,
        population,
        count(*) filter (where side = 'confirmed') as persons,
        count(*) filter (where side = 'probable') as probable_persons,
        count(*) filter (where side = 'unknown') as unknown_persons
    from months
    group by period_start, area, population
    union all
    select
        windows.grain,
        windows.period_start,
        flows.area,
        flows.population,
        sum(flows.persons)::bigint as persons,
        sum(flows.probable_persons)::bigint as probable_persons,
        coalesce(sum(flows.unknown_persons), 0)::bigint as unknown_persons
    from {{ ref('dim_period') }} as windows
    inner join flows
        on
            windows.grain = flows.grain
            and windows.period_end >= flows.moves_at
    group by windows.grain, windows.period_start, flows.area, flows.population
    union all
    select
        'week' as grain,
        date_trunc('week', days.occurred_on) as period_start,
        days.area,
        populations.population,
        count(distinct days.person_id) as persons,
        count(distinct persons.probable_person_id) as probable_persons,
        count(distinct case when days.affiliation = 'unknown' then days.person_id end)
            as unknown_persons
    from {{ ref('fct_contributor_day') }} as days
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join {{ ref('dim_person') }} as persons using (person_id)
    where {{ due('days.occurred_on', 8) }}
    group by date_trunc('week', days.occurred_on), days.area, populations.population
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
        months.period_start,
        months.population,
        levels.level,
        count(*) filter (where months.side = 'confirmed') as persons,
        count(*) filter (where months.side = 'probable') as probable_persons,
        count(*) filter (where months.side = 'unknown') as unknown_persons
    from months
    inner join {{ ref('fct_identity_level') }} as levels
        on
            months.person_id = levels.person_id
            and months.area = levels.area
            and months.period_end = levels.period_end
            and levels.identity_level = replace(months.side, 'unknown', 'confirmed')
    where months.area = 'all' and {{ due('levels.period_end') }}
    group by months.period_start, months.population, levels.level
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
        when status <> 'unavailable' and population = 'community'
            then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

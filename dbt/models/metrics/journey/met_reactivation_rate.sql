-- Of the persons who had been silent for 180 to 540 days 90 days before the end of a quarter, the
-- share who contributed in these 90 days; who had been silent for longer is a row of its own.

{% set silent_days = var('parameters')['reactivation_days'] %}
{% set long_silent_days = var('parameters')['reactivation_until_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'dim_period': read_of_period(['quarter']),
        'fct_area_period': {
            'rows': "
                select * from marts.fct_area_period
                where grain in ('quarter', 'trailing_" ~ long_silent_days ~ "d')
            ",
            'by': ['period_end'],
            'since': 'period_end - interval 1 day',
            'until': 'period_end + interval 3 month',
        },
        'dim_source': read_at_any_date(['source', 'has_unknown_past']),
        'fct_identity_level': {
            'columns': [
                'identity_level', 'person_id', 'area', 'period_end', 'level', 'affiliation',
                'last_active_on',
            ],
            'by': ['period_end'],
            'since': 'period_end - interval 1 day',
            'until': (
                "period_end + interval " ~ var('parameters')['level_window_days'] ~ " day"
            ),
        },
    },
}) }}

with slices as (
    {{ area_slices(['quarter'], ['all', 'community'], only_due=true) }}
),

-- Silence can be told only where the days before it are loaded; a silence without an end back in
-- time, only as far as the sources are.
pasts as (
    select
        coalesce(types.area, 'all') as area,
        bool_or(sources.has_unknown_past) as is_past_unknown
    from {{ ref('dim_activity_type') }} as types
    inner join {{ ref('dim_source') }} as sources using (source)
    group by grouping sets ((), (types.area))
),

loaded as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.area,
        slices.population,
        kinds.category,
        kinds.from_days,
        kinds.to_days,
        case when windows.period_start is null then 'unavailable' else slices.status end as status,
        slices.is_source_missing,
        kinds.is_without_end and coalesce(pasts.is_past_unknown, true) as is_history_missing
    from slices
    cross join (
        values
        (
            '{{ silent_days }}_{{ long_silent_days }}d',
            {{ silent_days }},
            {{ long_silent_days }},
            false
        ),
        (
            'over_{{ long_silent_days }}d',
            {{ long_silent_days }},
            1000000,
            true
        )
    ) as kinds (category, from_days, to_days, is_without_end)
    left join pasts on slices.area = pasts.area
    left join {{ ref('fct_area_period') }} as windows
        on
            slices.area = windows.area
            and slices.period_start = windows.period_end
            and windows.grain = 'trailing_{{ long_silent_days }}d'
            and windows.status <> 'unavailable'
),

silent as (
    select
        before.identity_level,
        dates.period_start,
        before.area,
        populations.population,
        before.affiliation = 'unknown' as is_affiliation_unknown,
        before.period_end::date - before.last_active_on as silent_days,
        coalesce(after.last_active_on >= before.period_end::date, false) as is_back
    from {{ ref('dim_period') }} as dates
    inner join {{ ref('fct_identity_level') }} as before
        on
            before.period_end
            = dates.period_end - to_days({{ var('parameters')['level_window_days'] }})
            and before.level = 'inactive'
    left join {{ ref('fct_identity_level') }} as after
        on
            before.identity_level = after.identity_level
            and before.person_id = after.person_id
            and before.area = after.area
            and dates.period_end = after.period_end
    inner join {{ ref('dim_population') }} as populations
        on before.affiliation = populations.affiliation
    where dates.grain = 'quarter' and {{ due('dates.period_end') }}
),

measured as (
    select
        loaded.grain,
        loaded.period_start,
        loaded.period_end,
        loaded.area,
        loaded.population,
        loaded.category,
        loaded.status,
        loaded.is_source_missing,
        loaded.is_history_missing,
        count(*) filter (where silent.identity_level = 'confirmed') as persons,
        count(*) filter (where silent.identity_level = 'confirmed' and silent.is_back) as back,
        count(*) filter (where silent.identity_level = 'probable') as probable_persons,
        count(*) filter (where silent.identity_level = 'probable' and silent.is_back)
            as probable_back,
        count(*) filter (
            where silent.identity_level = 'confirmed' and silent.is_affiliation_unknown
        ) as unknown_persons
    from loaded
    left join silent
        on
            loaded.period_start = silent.period_start
            and loaded.area = silent.area
            and loaded.population = silent.population
            and loaded.from_days < silent.silent_days
            and loaded.to_days >= silent.silent_days
    group by
        loaded.grain,
        loaded.period_start,
        loaded.period_end,
        loaded.area,
        loaded.population,
        loaded.category,
        loaded.status,
        loaded.is_source_missing,
        loaded.is_history_missing
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    category,
    population,

    case when status <> 'unavailable' then back / nullif(persons, 0) end as value,
    case when status <> 'unavailable' then wilson_low(back, persons) end as ci_low,
    case when status <> 'unavailable' then wilson_high(back, persons) end as ci_high,
    case
        when status <> 'unavailable' and persons > 0
            then probable_back / nullif(probable_persons, 0)
    end as value_with_probable,
    case when status <> 'unavailable' then back end::double as numerator,
    case when status <> 'unavailable' then persons end::double as denominator,
    case when status <> 'unavailable' then persons end as persons,
    case
        when status <> 'unavailable'
            then {{ smaller_group(
                smaller_group('back', 'persons'),
                smaller_group('probable_back', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when status <> 'unavailable' and population = 'community'
            then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case when status <> 'unavailable' and persons = 0 then 'no_denominator' else status end
        as status,
    {{ flags_of({
        'history_missing': "is_history_missing and status <> 'unavailable'",
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

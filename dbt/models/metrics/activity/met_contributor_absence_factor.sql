-- CHAOSS "Contributor Absence Factor": the fewest people who hold half of all active days of the
-- year before the end of the month. Ties are broken by id; any order gives the same number.

{% set days = var('parameters')['contributor_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'dim_period': read_of_period(['month']),
        'fct_area_period': read_of_areas(['trailing_' ~ days ~ 'd']),
        'fct_identity_window': read_at_end([
            'identity_level', 'person_id', 'area', 'population', 'active_days',
            'is_affiliation_unknown',
        ]),
    },
}) }}

with slices as (
    {{ window_slices('month', days, ['all', 'community'], only_due=true) }}
),

ranked as (
    select
        identity_level,
        period_end,
        area,
        population,
        is_affiliation_unknown,
        row_number() over by_share as place,
        sum(active_days) over by_share as running_total,
        sum(active_days) over slice as total
    from {{ ref('fct_identity_window') }}
    where {{ due('period_end') }}
    window
        slice as (partition by identity_level, period_end, area, population),
        by_share as (
            partition by identity_level, period_end, area, population
            order by active_days desc, person_id asc
        )
),

summed as (
    select
        identity_level,
        period_end,
        area,
        population,
        count(*) as persons,
        count_if(is_affiliation_unknown) as unknown_persons,
        min(place) filter (
            where running_total >= {{ var('parameters')['absence_factor_share'] }} * total
        ) as factor
    from ranked
    group by identity_level, period_end, area, population
),

measured as (
    select
        slices.*,
        case when slices.status <> 'unavailable' then coalesce(summed.persons, 0) end as persons,
        summed.unknown_persons,
        summed.factor,
        coalesce(probable.persons, 0) as probable_persons,
        probable.factor as probable_factor
    from slices
    left join summed
        on
            summed.identity_level = 'confirmed'
            and slices.period_end = summed.period_end
            and slices.area = summed.area
            and slices.population = summed.population
    left join summed as probable
        on
            probable.identity_level = 'probable'
            and slices.period_end = probable.period_end
            and slices.area = probable.area
            and slices.population = probable.population
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    population,

    case when persons >= {{ var('parameters')['min_persons'] }} then factor end::double as value,
    case
        when
            persons >= {{ var('parameters')['min_persons'] }}
            and probable_persons >= {{ var('parameters')['min_persons'] }}
            then probable_factor
    end::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    persons,
    case when persons is not null then {{ smaller_group('persons', 'probable_persons') }} end
        as smallest_group,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when persons = 0 then 'no_denominator'
        when persons < {{ var('parameters')['min_persons'] }} then 'insufficient'
        else status
    end as status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

-- The share of a month's active persons who declared a country, now or before: how far numbers by
-- region reach.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_identity_month': read_at_end([
            'identity_level', 'person_id', 'area', 'affiliation', 'region', 'is_region_backfilled',
            'period_start',
        ]),
    },
}) }}

with slices as (
    {{ area_slices(['month'], ['all', 'community'], only_due=true) }}
),

counted as (
    select
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        count(distinct months.person_id) as persons,
        count(distinct months.person_id) filter (where months.region <> 'unknown') as known_persons,
        count(distinct months.person_id) filter (where months.affiliation = 'unknown')
            as unknown_persons,
        bool_or(months.is_region_backfilled) as is_backfilled
    from {{ ref('fct_identity_month') }} as months
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due('months.period_end') }}
    group by months.identity_level, months.period_start, months.area, populations.population
),

measured as (
    select
        slices.*,
        case when slices.status <> 'unavailable' then coalesce(counted.persons, 0) end as persons,
        case when slices.status <> 'unavailable' then coalesce(counted.known_persons, 0) end
            as known_persons,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.known_persons, 0) as probable_known_persons,
        counted.unknown_persons,
        counted.is_backfilled
    from slices
    left join counted
        on
            counted.identity_level = 'confirmed'
            and slices.period_start = counted.period_start
            and slices.area = counted.area
            and slices.population = counted.population
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and slices.period_start = probable.period_start
            and slices.area = probable.area
            and slices.population = probable.population
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    population,

    known_persons / nullif(persons, 0) as value,
    wilson_low(known_persons, persons) as ci_low,
    wilson_high(known_persons, persons) as ci_high,
    case when persons > 0 then probable_known_persons / probable_persons end as value_with_probable,
    known_persons::double as numerator,
    persons::double as denominator,
    persons,
    case
        when persons is not null
            then {{ smaller_group(
                smaller_group('known_persons', 'persons - known_persons'),
                smaller_group(
                    'probable_known_persons', 'probable_persons - probable_known_persons'
                )
            ) }}
    end as smallest_group,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case when persons = 0 then 'no_denominator' else status end as status,
    {{ flags_of({
        'low_coverage': 'known_persons / persons < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

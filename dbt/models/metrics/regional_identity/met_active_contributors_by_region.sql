-- Active persons of a month by declared region, and by country within it; who declared none is
-- `unknown`, a row like any other, so that regions add up to the total (CHAOSS "Contributor
-- Location"). Regions once seen in an area get their zeros; countries have rows only where somebody
-- was active.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_identity_month': read_at_end_and_values(
            'fct_identity_month',
            [
                'identity_level', 'person_id', 'area', 'affiliation', 'region', 'country',
                'is_region_backfilled', 'period_start',
            ],
            ['identity_level', 'area', 'affiliation', 'region'],
        ),
    },
}) }}

with slices as (
    {{ area_slices(['month'], ['all', 'community'], only_due=true) }}
),

persons as (
    select
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        months.region,
        months.country,
        months.is_region_backfilled,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
    from {{ ref('fct_identity_month') }} as months
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due('months.period_end') }}
    group by
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        months.region,
        months.country,
        months.is_region_backfilled
),

totals as (
    select
        period_start,
        area,
        population,
        count(*) as persons,
        count_if(region <> 'unknown') as known_persons
    from persons
    where identity_level = 'confirmed'
    group by period_start, area, population
),

counted as (
    select
        period_start,
        area,
        population,
        region,
        country,
        count(*) filter (where identity_level = 'confirmed') as persons,
        count(*) filter (where identity_level = 'probable') as probable_persons,
        count(*) filter (where identity_level = 'confirmed' and is_affiliation_unknown)
            as unknown_persons,
        bool_or(is_region_backfilled) filter (where identity_level = 'confirmed') as is_backfilled
    from persons
    group by period_start, area, population, region, grouping sets ((), (country))
    having grouping(country) = 1 or country is not null
),

once_seen as (
    select distinct
        months.area,
        populations.population,
        months.region
    from {{ ref('fct_identity_month') }} as months
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where months.identity_level = 'confirmed'
),

places as (
    select
        slices.period_start,
        once_seen.area,
        once_seen.population,
        once_seen.region,
        null as country
    from once_seen
    inner join slices using (area, population)
    union all
    select period_start, area, population, region, country
    from counted
    where country is not null and persons > 0
),

measured as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.area,
        places.region,
        places.country,
        slices.population,
        slices.status,
        slices.is_source_missing,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.probable_persons, 0) as probable_persons,
        counted.unknown_persons,
        coalesce(counted.is_backfilled, false) as is_backfilled,
        totals.known_persons / totals.persons as coverage
    from slices
    inner join places using (period_start, area, population)
    left join counted
        on
            places.period_start = counted.period_start
            and places.area = counted.area
            and places.population = counted.population
            and places.region = counted.region
            and places.country is not distinct from counted.country
    left join totals using (period_start, area, population)
    where slices.status <> 'unavailable'
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    country,
    population,

    persons::double as value,
    probable_persons::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    persons,
    {{ smaller_group('persons', 'probable_persons') }} as smallest_group,
    coverage,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    status,
    {{ flags_of({
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

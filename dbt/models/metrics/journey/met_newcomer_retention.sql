-- The share of a month's newcomers who contribute again in [first + a, first + b) days, in any area
-- or in that of their first day: windows of the same length for every newcomer, told once they are
-- over for the whole month (Wikimedia "new editor retention").

{% set longest = var('parameters')['retention_windows_days'] | map('last') | max %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'dim_area_horizon': read_of_horizons(['month'], longest),
        'fct_newcomer': {
            'columns': [
                'identity_level', 'person_id', 'first_area', 'region', 'is_region_backfilled',
                'affiliation', 'first_on',
            ],
            'since': 'first_on',
            'until': end_of_month('first_on'),
        },
        'fct_newcomer_window': {
            'rows': "
                select outcomes.*, newcomers.first_on
                from marts.fct_newcomer_window as outcomes
                inner join marts.fct_newcomer as newcomers using (identity_level, person_id)
                inner join marts.dim_area_horizon as horizons
                    on
                        horizons.area = 'all'
                        and " ~ end_of_month('newcomers.first_on') ~ " + to_days(outcomes.to_day)
                        <= horizons.known_until
                union all by name
                select distinct from_day, to_day, date '1900-01-01' as first_on
                from marts.fct_newcomer_window
            ",
            'since': 'first_on',
            'until': (
                "case when first_on > date '1900-01-01' then " ~ end_of_month('first_on') ~ " end"
            ),
        },
    },
}) }}

with slices as (
    {{ cohort_slices(['month'], ['all', 'community'], only_due=true) }}
),

windows as (
    select
        *,
        from_day || '_' || to_day || 'd' || case when is_same_area then '_same_area' else '' end
            as category
    from (select distinct from_day, to_day from {{ ref('fct_newcomer_window') }}) as known_windows
    cross join (select unnest([false, true]) as is_same_area) as variants
),

cohorts as (
    select
        slices.*,
        windows.from_day,
        windows.to_day,
        windows.is_same_area,
        windows.category
    from slices
    cross join windows
    where
        slices.status = 'unavailable'
        or slices.period_end + to_days(windows.to_day) <= slices.known_until
),

newcomers as (
    select
        newcomers.identity_level,
        date_trunc('month', newcomers.first_on) as period_start,
        newcomers.first_area,
        newcomers.region,
        newcomers.is_region_backfilled,
        populations.population,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        windows.category,
        case
            when windows.is_same_area then outcomes.is_retained_in_area else outcomes.is_retained
        end as is_retained
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join {{ ref('fct_newcomer_window') }} as outcomes using (identity_level, person_id)
    inner join windows using (from_day, to_day)
    where {{ due(end_of_month('newcomers.first_on')) }}
),

counted as (
    select
        identity_level,
        period_start,
        coalesce(first_area, 'all') as area,
        region,
        population,
        category,
        count(*) as persons,
        count(*) filter (where is_retained) as retained,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) filter (where region <> 'unknown') as known_persons,
        bool_or(is_region_backfilled) as is_backfilled
    from newcomers
    group by
        identity_level, period_start, population, category,
        grouping sets ((), (first_area), (region), (first_area, region))
),

places as (
    select period_start, area, population, category, null as region from cohorts
    union all
    select period_start, area, population, category, region
    from counted
    where identity_level = 'confirmed' and region is not null
),

measured as (
    select
        cohorts.*,
        places.region,
        cohorts.status <> 'unavailable' and cohorts.is_newness_known as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.retained, 0) as retained,
        counted.unknown_persons,
        counted.is_backfilled,
        case
            when places.region is not null
                then of_all_regions.known_persons / of_all_regions.persons
        end as coverage,
        probable.persons as probable_persons,
        probable.retained as probable_retained
    from cohorts
    inner join places using (period_start, area, population, category)
    left join counted
        on
            counted.identity_level = 'confirmed'
            and places.period_start = counted.period_start
            and places.area = counted.area
            and places.population = counted.population
            and places.category = counted.category
            and places.region is not distinct from counted.region
    left join counted as of_all_regions
        on
            of_all_regions.identity_level = 'confirmed'
            and places.period_start = of_all_regions.period_start
            and places.area = of_all_regions.area
            and places.population = of_all_regions.population
            and places.category = of_all_regions.category
            and of_all_regions.region is null
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and places.period_start = probable.period_start
            and places.area = probable.area
            and places.population = probable.population
            and places.category = probable.category
            and places.region is not distinct from probable.region
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    category,
    population,

    case when is_measured then retained / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(retained, persons) end as ci_low,
    case when is_measured then wilson_high(retained, persons) end as ci_high,
    case when is_measured and persons > 0 then probable_retained / probable_persons end
        as value_with_probable,
    case when is_measured then retained end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('retained', 'persons'),
                smaller_group('probable_retained', 'probable_persons')
            ) }}
    end as smallest_group,
    case when is_measured then coverage end as coverage,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'low_coverage': 'is_measured and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_measured and region is not null and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured
where region is null or is_measured

-- How long newcomers stay: Kaplan-Meier of the days from the first contribution to the departure
-- (the last active day before a silence of more than 180 days), known up to 180 days before the
-- reference date. Who has not departed by then is censored there. Medians, and the shares that stay
-- 30 days to two years.

with slices as (
    select * from ({{ cohort_slices(['year'], ['all', 'community']) }}) as slices
    where status = 'unavailable' or period_end <= known_until
),

newcomers as (
    select
        date_trunc('year', newcomers.first_on) as period_start,
        newcomers.first_area,
        newcomers.region,
        newcomers.is_region_backfilled,
        populations.population,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        newcomers.stayed_days,
        newcomers.has_departed
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where newcomers.identity_level = 'confirmed' and newcomers.stayed_days is not null
),

counted as (
    select
        period_start,
        coalesce(first_area, 'all') as area,
        region,
        population,
        count(*) as persons,
        count(*) filter (where has_departed) as departed,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) filter (where region <> 'unknown') as known_persons,
        bool_or(is_region_backfilled) as is_backfilled,
        max(stayed_days) as longest,
        list(stayed_days::double order by stayed_days, has_departed) as durations,
        list(has_departed order by stayed_days, has_departed) as observed
    from newcomers
    group by
        period_start, population,
        grouping sets ((), (first_area), (region), (first_area, region))
),

places as (
    select period_start, area, population, null as region from slices
    union all
    select period_start, area, population, region
    from counted
    where region is not null
),

points as (
    select
        *,
        case when days is null then null else 's_' || days || 'd' end as category
    from (select unnest([null, {{ var('parameters')['survival_days'] | join(', ') }}]) as days)
        as told
),

curves as (
    select
        slices.*,
        places.region,
        points.category,
        points.days,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.departed, 0) as departed,
        counted.unknown_persons,
        counted.is_backfilled,
        counted.longest,
        of_all_regions.known_persons / of_all_regions.persons as coverage,
        case
            when points.days is null then km_median(counted.durations, counted.observed)
        end as median,
        case
            when points.days is not null
                then km_at(counted.durations, counted.observed, points.days)
        end as survival
    from slices
    inner join places using (period_start, area, population)
    cross join points
    left join counted
        on
            places.period_start = counted.period_start
            and places.area = counted.area
            and places.population = counted.population
            and places.region is not distinct from counted.region
    left join counted as of_all_regions
        on
            places.period_start = of_all_regions.period_start
            and places.area = of_all_regions.area
            and places.population = of_all_regions.population
            and places.region is not null
            and of_all_regions.region is null
),

-- A curve says nothing after the last day on which anybody was still watched, unless it is at 0.
measured as (
    select
        grain,
        period_start,
        period_end,
        area,
        region,
        category,
        population,
        is_measured,
        case
            when not is_measured then null
            when days is null then median.median
            when days <= longest or survival.value = 0 then survival.value
        end as value,
        coalesce(median.low, survival.low) as low,
        coalesce(median.high, survival.high) as high,
        departed,
        persons,
        {{ smaller_group('departed', 'persons') }} as smallest_group,
        coverage,
        unknown_persons,
        is_backfilled,
        is_newness_known,
        is_source_missing,
        days,
        status
    from curves
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    category,
    population,

    value,
    case when value is not null then low end as ci_low,
    case when value is not null then high end as ci_high,
    case when is_measured then departed end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then smallest_group end as smallest_group,
    case when is_measured then coverage end as coverage,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        when value is null then 'insufficient'
        else status
    end as status,
    {{ flags({
        'left_censored': 'not is_newness_known',
        'low_coverage': 'is_measured and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'median_not_reached': 'is_measured and persons > 0 and category is null and value is null',
        'not_watched_so_long': 'is_measured and persons > 0 and days is not null and value is null',
        'region_backfilled': 'is_measured and region is not null and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured
where is_measured or region is null

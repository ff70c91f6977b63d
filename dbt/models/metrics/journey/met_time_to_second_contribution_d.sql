-- How many days pass between a newcomer's first active day and the second: the median, and the
-- shares still without one after 7, 30 and 90 days. Kaplan-Meier: who has not come back yet at the
-- reference date is censored there, not left out. Several acts on the first day are one day.

with slices as (
    select * from ({{ cohort_slices(['month'], ['all', 'community']) }}) as slices
    where status = 'unavailable' or period_end <= known_until
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
        newcomers.second_day_after,
        newcomers.has_second_day
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where newcomers.second_day_after is not null
),

counted as (
    select
        identity_level,
        period_start,
        coalesce(first_area, 'all') as area,
        region,
        population,
        count(*) as persons,
        count(*) filter (where has_second_day) as returned,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) filter (where region <> 'unknown') as known_persons,
        bool_or(is_region_backfilled) as is_backfilled,
        max(second_day_after) as longest,
        list(second_day_after::double order by second_day_after, has_second_day) as durations,
        list(has_second_day order by second_day_after, has_second_day) as observed
    from newcomers
    group by
        identity_level, period_start, population,
        grouping sets ((), (first_area), (region), (first_area, region))
),

points as (
    select
        *,
        case when days is null then null else 's_' || days || 'd' end as category
    from
        (
            select
                unnest([null, {{ var('parameters')['second_day_after_days'] | join(', ') }}])
                    as days
        )
            as told
),

-- Each curve is asked once, before it is laid beside the slices.
asked as (
    select
        counted.* exclude (durations, observed),
        points.category,
        points.days,
        case
            when points.days is null then km_median(counted.durations, counted.observed)
        end as median,
        case
            when points.days is not null
                then km_at(counted.durations, counted.observed, points.days)
        end as survival
    from counted
    cross join points
),

-- A curve says nothing after the last day on which anybody was still watched, unless it is at 0.
told as (
    select
        *,
        case
            when days is null then median.median
            when days <= longest or survival.value = 0 then survival.value
        end as told_value
    from asked
),

places as (
    select period_start, area, population, null as region from slices
    union all
    select period_start, area, population, region
    from counted
    where identity_level = 'confirmed' and region is not null
),

curves as (
    select
        slices.*,
        places.region,
        points.category,
        points.days,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        coalesce(confirmed.persons, 0) as persons,
        coalesce(confirmed.returned, 0) as returned,
        confirmed.unknown_persons,
        confirmed.is_backfilled,
        confirmed.median,
        confirmed.survival,
        confirmed.told_value,
        case
            when places.region is not null
                then of_all_regions.known_persons / of_all_regions.persons
        end as coverage,
        probable.told_value as value_with_probable,
        probable.persons as probable_persons,
        probable.returned as probable_returned
    from slices
    inner join places using (period_start, area, population)
    cross join points
    left join told as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and places.period_start = confirmed.period_start
            and places.area = confirmed.area
            and places.population = confirmed.population
            and places.region is not distinct from confirmed.region
            and points.days is not distinct from confirmed.days
    left join counted as of_all_regions
        on
            of_all_regions.identity_level = 'confirmed'
            and places.period_start = of_all_regions.period_start
            and places.area = of_all_regions.area
            and places.population = of_all_regions.population
            and of_all_regions.region is null
    left join told as probable
        on
            probable.identity_level = 'probable'
            and places.period_start = probable.period_start
            and places.area = probable.area
            and places.population = probable.population
            and places.region is not distinct from probable.region
            and points.days is not distinct from probable.days
),

measured as (
    select *, case when is_measured then told_value end as value
    from curves
    where region is null or is_measured
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
    case when value is not null then coalesce(median.low, survival.low) end as ci_low,
    case when value is not null then coalesce(median.high, survival.high) end as ci_high,
    case when value is not null then value_with_probable end as value_with_probable,
    case when is_measured then returned end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('returned', 'persons'),
                smaller_group('probable_returned', 'probable_persons')
            ) }}
    end as smallest_group,
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
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'low_coverage': 'is_measured and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'median_not_reached': 'is_measured and persons > 0 and days is null and value is null',
        'not_watched_so_long': 'is_measured and persons > 0 and days is not null and value is null',
        'region_backfilled': 'is_measured and region is not null and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

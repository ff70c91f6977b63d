-- How long newcomers stay: Kaplan-Meier of the days from the first contribution to the departure
-- (the last active day before a silence of more than 180 days), known up to 180 days before the
-- reference date. Who has not departed by then is censored there. Medians, the shares that stay
-- 30 days to two years, and curves of those whose first day was acknowledged and of the others,
-- with the p of the log-rank test that both are the same.

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
        newcomers.is_acknowledged,
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
        case
            when
                grouping(is_acknowledged) = 0
                then case when is_acknowledged then 'yes' else 'no' end
        end as acknowledged,
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
        grouping sets (
            (),
            (first_area),
            (region),
            (first_area, region),
            (is_acknowledged),
            (first_area, is_acknowledged)
        )
),

places as (
    select period_start, area, population, null as region, null as acknowledged from slices
    union all
    select period_start, area, population, region, acknowledged
    from counted
    where region is not null or acknowledged is not null
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
        places.acknowledged,
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
            and places.acknowledged is not distinct from counted.acknowledged
    left join counted as of_all_regions
        on
            places.period_start = of_all_regions.period_start
            and places.area = of_all_regions.area
            and places.population = of_all_regions.population
            and places.region is not null
            and of_all_regions.region is null
            and of_all_regions.acknowledged is null
),

-- A curve says nothing after the last day on which anybody was still watched, unless it is at 0.
measured as (
    select
        grain,
        period_start,
        period_end,
        area,
        region,
        case when acknowledged is not null then 'acknowledged' end as attribute,
        acknowledged as attribute_value,
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
),

compared as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.area,
        null as region,
        'acknowledged' as attribute,
        null as attribute_value,
        'log_rank_p' as category,
        slices.population,
        slices.is_newness_known as is_measured,
        log_rank_p(
            thanked.durations, thanked.observed, others.durations, others.observed
        ) as value,
        null::double as low,
        null::double as high,
        thanked.departed + others.departed as departed,
        thanked.persons + others.persons as persons,
        least(thanked.persons, others.persons) as smallest_group,
        null::double as coverage,
        thanked.unknown_persons + others.unknown_persons as unknown_persons,
        false as is_backfilled,
        slices.is_newness_known,
        slices.is_source_missing,
        null::integer as days,
        slices.status
    from slices
    inner join counted as thanked
        on
            slices.period_start = thanked.period_start
            and slices.area = thanked.area
            and slices.population = thanked.population
            and thanked.acknowledged = 'yes'
    inner join counted as others
        on
            slices.period_start = others.period_start
            and slices.area = others.area
            and slices.population = others.population
            and others.acknowledged = 'no'
    where slices.status <> 'unavailable' and slices.is_newness_known
),

gathered as (
    select * from measured
    union all by name
    select * from compared
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    attribute,
    attribute_value,
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
from gathered
where is_measured or (region is null and attribute is null)

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
        newcomers.identity_level,
        date_trunc('year', newcomers.first_on) as period_start,
        newcomers.first_area,
        coalesce(countries.region, 'unknown') as region,
        coalesce(countries.is_backfilled, false) as is_region_backfilled,
        newcomers.is_acknowledged,
        populations.population,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        newcomers.stayed_days,
        newcomers.has_departed
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    left join {{ ref('dim_identity_country') }} as countries
        on
            newcomers.identity_level = countries.identity_level
            and newcomers.person_id = countries.person_id
            and date_trunc('year', newcomers.first_on) + interval 1 year > countries.seen_from
            and date_trunc('year', newcomers.first_on) + interval 1 year <= countries.seen_until
    where newcomers.stayed_days is not null
),

counted as (
    select
        identity_level,
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
        identity_level, period_start, population,
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
    where identity_level = 'confirmed' and (region is not null or acknowledged is not null)
),

points as (
    select
        *,
        case when days is null then null else 's_' || days || 'd' end as category
    from (select unnest([null, {{ var('parameters')['survival_days'] | join(', ') }}]) as days)
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
curves as (
    select
        *,
        case
            when days is null then median.median
            when days <= longest or survival.value = 0 then survival.value
        end as value,
        coalesce(median.low, survival.low) as low,
        coalesce(median.high, survival.high) as high
    from asked
),

measured as (
    select
        slices.*,
        places.region,
        case when places.acknowledged is not null then 'acknowledged' end as attribute,
        places.acknowledged as attribute_value,
        points.category,
        points.days,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        confirmed.value,
        confirmed.low,
        confirmed.high,
        probable.value as value_with_probable,
        coalesce(confirmed.persons, 0) as persons,
        coalesce(confirmed.departed, 0) as departed,
        {{ smaller_group(
            smaller_group('confirmed.departed', 'confirmed.persons'),
            smaller_group('probable.departed', 'probable.persons')
        ) }} as smallest_group,
        confirmed.unknown_persons,
        confirmed.is_backfilled,
        case
            when places.region is not null
                then of_all_regions.known_persons / of_all_regions.persons
        end as coverage
    from slices
    inner join places using (period_start, area, population)
    cross join points
    left join curves as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and places.period_start = confirmed.period_start
            and places.area = confirmed.area
            and places.population = confirmed.population
            and places.region is not distinct from confirmed.region
            and places.acknowledged is not distinct from confirmed.acknowledged
            and points.days is not distinct from confirmed.days
    left join curves as probable
        on
            probable.identity_level = 'probable'
            and places.period_start = probable.period_start
            and places.area = probable.area
            and places.population = probable.population
            and places.region is not distinct from probable.region
            and places.acknowledged is not distinct from probable.acknowledged
            and points.days is not distinct from probable.days
    left join counted as of_all_regions
        on
            of_all_regions.identity_level = 'confirmed'
            and places.period_start = of_all_regions.period_start
            and places.area = of_all_regions.area
            and places.population = of_all_regions.population
            and of_all_regions.region is null
            and of_all_regions.acknowledged is null
),

tested as (
    select
        thanked.identity_level,
        thanked.period_start,
        thanked.area,
        thanked.population,
        log_rank_p(
            thanked.durations, thanked.observed, others.durations, others.observed
        ) as value,
        thanked.departed + others.departed as departed,
        thanked.persons + others.persons as persons,
        least(thanked.persons, others.persons) as smallest_group,
        thanked.unknown_persons + others.unknown_persons as unknown_persons
    from counted as thanked
    inner join counted as others using (identity_level, period_start, area, population)
    where thanked.acknowledged = 'yes' and others.acknowledged = 'no'
),

compared as (
    select
        slices.*,
        'acknowledged' as attribute,
        'log_rank_p' as category,
        slices.is_newness_known as is_measured,
        confirmed.value,
        probable.value as value_with_probable,
        confirmed.persons,
        confirmed.departed,
        {{ smaller_group('confirmed.smallest_group', 'probable.smallest_group') }}
            as smallest_group,
        confirmed.unknown_persons,
        false as is_backfilled
    from slices
    inner join tested as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and slices.period_start = confirmed.period_start
            and slices.area = confirmed.area
            and slices.population = confirmed.population
    left join tested as probable
        on
            probable.identity_level = 'probable'
            and slices.period_start = probable.period_start
            and slices.area = probable.area
            and slices.population = probable.population
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

    case when is_measured then value end as value,
    case when is_measured and value is not null then low end as ci_low,
    case when is_measured and value is not null then high end as ci_high,
    case when is_measured and value is not null then value_with_probable end
        as value_with_probable,
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
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'low_coverage': 'is_measured and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'median_not_reached': 'is_measured and persons > 0 and category is null and value is null',
        'not_watched_so_long': 'is_measured and persons > 0 and days is not null and value is null',
        'region_backfilled': 'is_measured and region is not null and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from gathered
where is_measured or (region is null and attribute is null)

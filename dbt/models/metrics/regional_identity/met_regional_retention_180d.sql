-- The share of a quarter's newcomers of a region who contribute again 90 to 180 days after their
-- first contribution. Regions are small: value and interval are shrunk towards all regions' rate,
-- numerator and denominator say the raw one, and a rank is never shown without its interval.
-- `unknown` and all regions together are no groups: raw, with Wilson's interval, without a rank.

with slices as (
    select * from ({{ cohort_slices(['quarter'], ['all', 'community']) }}) as slices
    where
        area = 'all'
        and (status = 'unavailable' or period_end + to_days(180) <= known_until)
),

newcomers as (
    select
        newcomers.identity_level,
        date_trunc('quarter', newcomers.first_on) as period_start,
        populations.population,
        newcomers.region_after_90_days as region,
        newcomers.is_region_after_90_days_backfilled as is_region_backfilled,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        outcomes.is_retained
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join {{ ref('fct_newcomer_window') }} as outcomes using (identity_level, person_id)
    where outcomes.from_day = 90 and outcomes.to_day = 180
),

counted as (
    select
        identity_level,
        period_start,
        population,
        region,
        count(*) as persons,
        count(*) filter (where is_retained) as retained,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) filter (where region <> 'unknown') as known_persons,
        bool_or(is_region_backfilled) as is_backfilled
    from newcomers
    group by identity_level, period_start, population, grouping sets ((), (region))
),

groups as (
    select
        identity_level,
        period_start,
        population,
        list(region order by region) as regions,
        shrunk_rates(
            list(retained::double order by region), list(persons::double order by region)
        ) as rates
    from counted
    where region is not null and region <> 'unknown'
    group by identity_level, period_start, population
),

ranked as (
    select
        *,
        rank_intervals(
            list_transform(rates, lambda rate: rate.low),
            list_transform(rates, lambda rate: rate.high)
        ) as ranks
    from groups
),

shrunk as (
    select
        identity_level,
        period_start,
        population,
        unnest(regions) as region,
        unnest(rates) as rate,
        unnest(ranks) as rank
    from ranked
),

rated as (
    select
        counted.*,
        coalesce(shrunk.rate.value, counted.retained / counted.persons) as value,
        shrunk.rate,
        shrunk.rank
    from counted
    left join shrunk using (identity_level, period_start, population, region)
),

measured as (
    select
        slices.*,
        counted.region,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.retained, 0) as retained,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.retained, 0) as probable_retained,
        counted.unknown_persons,
        counted.is_backfilled,
        case
            when counted.region is not null
                then
                    max(counted.known_persons) filter (where counted.region is null) over period
                    / max(counted.persons) filter (where counted.region is null) over period
        end as coverage,
        counted.value,
        probable.value as value_with_probable,
        counted.rate,
        counted.rank
    from slices
    left join rated as counted
        on
            counted.identity_level = 'confirmed'
            and slices.period_start = counted.period_start
            and slices.population = counted.population
    left join rated as probable
        on
            probable.identity_level = 'probable'
            and slices.period_start = probable.period_start
            and slices.population = probable.population
            and counted.region is not distinct from probable.region
    window period as (partition by slices.period_start, slices.population)
)

select
    grain,
    period_start,
    period_end,
    case when is_measured then region end as region,
    population,

    case when is_measured then value end as value,
    case when is_measured then coalesce(rate.low, wilson_low(retained, persons)) end as ci_low,
    case when is_measured then coalesce(rate.high, wilson_high(retained, persons)) end as ci_high,
    case when is_measured and persons > 0 then value_with_probable end as value_with_probable,
    case when is_measured then rank.best end as rank_best,
    case when is_measured then rank.worst end as rank_worst,
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
        'no_group_difference': "is_measured and rate.flag = 'no_group_difference'",
        'not_shrinkable': "is_measured and rate.flag = 'not_shrinkable'",
        'region_backfilled': 'is_measured and region is not null and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured
where is_measured or region is null

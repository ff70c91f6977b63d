-- Of the persons at an activity level 90 days before the end of a quarter, the share at each level
-- at its end: `level` is where they come from, `category` where they are, and the shares of one
-- `level` add up to 1. `not_yet`: persons whose first contribution came in between; of them too the
-- shares say at which level they are. A row of few persons is hidden as a whole.

{% set levels = ['core', 'regular', 'casual', 'drifting', 'inactive'] %}
{% set window = var('parameters')['level_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'dim_period': read_of_period(['quarter']),
        'fct_area_period': {
            'rows': "
                select * from marts.fct_area_period
                where grain in ('quarter', 'trailing_180d')
            ",
            'by': ['period_end'],
            'since': 'period_end - interval 1 day',
            'until': 'period_end + interval 3 month',
        },
        'fct_identity_level': {
            'columns': [
                'identity_level', 'person_id', 'area', 'period_end', 'level', 'affiliation',
                'tenure', 'region', 'is_region_backfilled',
            ],
            'by': ['period_end'],
            'since': 'period_end - interval 1 day',
            'until': "period_end + interval " ~ window ~ " day",
        },
    },
}) }}

with slices as (
    {{ area_slices(['quarter'], ['all', 'community'], only_due=true) }}
),

-- Two levels need 180 days before each of two dates 90 days apart to be loaded.
loaded as (
    select
        slices.*,
        coalesce(earlier.status, 'unavailable') as earlier_status,
        coalesce(later.status, 'unavailable') as later_status,
        coalesce(earlier.is_source_missing, false) or coalesce(later.is_source_missing, false)
            as is_any_missing
    from slices
    left join {{ ref('fct_area_period') }} as later
        on
            slices.area = later.area
            and slices.period_end = later.period_end
            and later.grain = 'trailing_180d'
    left join {{ ref('fct_area_period') }} as earlier
        on
            slices.area = earlier.area
            and slices.period_start = earlier.period_end
            and earlier.grain = 'trailing_180d'
),

moves as (
    select
        after.identity_level,
        dates.period_start,
        after.area,
        populations.population,
        after.person_id,
        case when before.person_id is null then 'not_yet' else before.level end as level,
        after.level as category,
        after.region,
        after.is_region_backfilled,
        after.affiliation = 'unknown' as is_affiliation_unknown
    from {{ ref('dim_period') }} as dates
    inner join {{ ref('fct_identity_level') }} as after
        on dates.period_end = after.period_end
    left join {{ ref('fct_identity_level') }} as before
        on
            after.identity_level = before.identity_level
            and after.person_id = before.person_id
            and after.area = before.area
            and before.period_end
            = dates.period_end - to_days({{ window }})
    inner join {{ ref('dim_population') }} as populations
        on after.affiliation = populations.affiliation
    where
        dates.grain = 'quarter'
        and {{ due('dates.period_end') }}
        and not (before.person_id is null and after.tenure = 'unknown')
),

counted as (
    select
        period_start,
        area,
        population,
        level,
        category,
        region,
        count(*) filter (where identity_level = 'confirmed') as persons,
        count(*) filter (where identity_level = 'probable') as probable_persons,
        count(*) filter (where identity_level = 'confirmed' and is_affiliation_unknown)
            as unknown_persons,
        bool_or(is_region_backfilled) filter (where identity_level = 'confirmed') as is_backfilled
    from moves
    group by period_start, area, population, level, category, grouping sets ((), (region))
),

sums as (
    select
        period_start,
        area,
        population,
        level,
        region,
        sum(persons)::bigint as row_persons,
        sum(probable_persons)::bigint as row_probable_persons,
        sum(unknown_persons)::bigint as row_unknown,
        bool_or(is_backfilled) as is_row_backfilled
    from counted
    group by period_start, area, population, level, region
),

coverages as (
    select
        period_start,
        area,
        population,
        level,
        sum(row_persons) filter (where region is not null and region <> 'unknown')
        / sum(row_persons) filter (where region is null) as coverage
    from sums
    group by period_start, area, population, level
),

places as (
    select period_start, area, population, level, null as region
    from slices
    cross join (select unnest({{ ['not_yet'] + levels }}) as level) as known_levels
    union all
    select period_start, area, population, level, region
    from sums
    where region is not null and row_persons > 0
),

measured as (
    select
        loaded.grain,
        loaded.period_start,
        loaded.period_end,
        loaded.area,
        places.region,
        places.level,
        categories.category,
        loaded.population,
        loaded.is_any_missing or loaded.is_source_missing as is_source_missing,
        case
            when
                loaded.status = 'unavailable'
                or loaded.earlier_status = 'unavailable'
                or loaded.later_status = 'unavailable'
                then 'unavailable'
            when loaded.earlier_status = 'provisional' or loaded.later_status = 'provisional'
                then 'provisional'
            else loaded.status
        end as status,
        places.level = 'not_yet' and not loaded.is_newness_known as is_left_censored,
        coalesce(counted.persons, 0) as moved,
        coalesce(sums.row_persons, 0) as persons,
        coalesce(counted.probable_persons, 0) as probable_moved,
        coalesce(sums.row_probable_persons, 0) as probable_persons,
        sums.row_unknown,
        case when places.region is not null then sums.is_row_backfilled end as is_backfilled,
        case when places.region is not null then coalesce(coverages.coverage, 0) end as coverage
    from loaded
    inner join places using (period_start, area, population)
    cross join (select unnest({{ levels }}) as category) as categories
    left join sums
        on
            places.period_start = sums.period_start
            and places.area = sums.area
            and places.population = sums.population
            and places.level = sums.level
            and places.region is not distinct from sums.region
    left join counted
        on
            places.period_start = counted.period_start
            and places.area = counted.area
            and places.population = counted.population
            and places.level = counted.level
            and places.region is not distinct from counted.region
            and categories.category = counted.category
    left join coverages
        on
            places.period_start = coverages.period_start
            and places.area = coverages.area
            and places.population = coverages.population
            and places.level = coverages.level
),

judged as (
    select
        *,
        status <> 'unavailable' and not is_left_censored as is_measured
    from measured
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    level,
    category,
    population,

    case when is_measured then moved / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(moved, persons) end as ci_low,
    case when is_measured then wilson_high(moved, persons) end as ci_high,
    case when is_measured and persons > 0 then probable_moved / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then moved end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('moved', 'persons'),
                smaller_group('probable_moved', 'probable_persons')
            ) }}
    end as smallest_group,
    case when is_measured then coverage end as coverage,
    case when is_measured and population = 'community' then row_unknown / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'is_left_censored',
        'low_coverage': 'is_measured and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_measured and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged
where region is null or is_measured

-- Persons who came (or came back after 180 days) in a month, less those who left: whose last
-- contribution became 180 days old in it. It equals the change over the month of the number of
-- persons with a contribution in the 180 days before.

{% set silence = var('parameters')['reactivation_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'dim_period': read_of_period(['month']),
        'fct_identity_month': read_of_months(
            [
                'identity_level', 'person_id', 'area', 'affiliation', 'period_start',
                'last_active_on',
            ],
            silence + 31,
        ),
    },
}) }}

with slices as (
    {{ area_slices(['month'], ['all', 'community'], only_due=true) }}
),

categories as (
    select
        slices.*,
        kinds.category
    from slices
    cross join (select unnest([null, 'arrived', 'departed']) as category) as kinds
),

months as (
    select
        active.identity_level,
        active.person_id,
        active.area,
        populations.population,
        active.period_start,
        max(active.last_active_on) as last_on,
        bool_or(active.affiliation = 'unknown') as is_affiliation_unknown
    from {{ ref('fct_identity_month') }} as active
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due('active.period_end', silence + 32) }}
    group by
        active.identity_level,
        active.person_id,
        active.area,
        populations.population,
        active.period_start
),

ways as (
    select
        *,
        lag(last_on) over way as previous_on,
        lead(period_start) over way as next_start
    from months
    window way as (partition by identity_level, person_id, area, population order by period_start)
),

moves as (
    select
        identity_level,
        period_start,
        area,
        population,
        'arrived' as category,
        is_affiliation_unknown
    from ways
    where coalesce(previous_on < period_start - interval {{ silence }} day, true)
    union all
    select
        ways.identity_level,
        periods.period_start,
        ways.area,
        ways.population,
        'departed' as category,
        ways.is_affiliation_unknown
    from ways
    inner join {{ ref('dim_period') }} as periods
        on
            periods.grain = 'month'
            and date_trunc('month', ways.last_on + interval {{ silence }} day)
            = periods.period_start
            and coalesce(ways.next_start >= periods.period_end, true)
),

counted as (
    select
        identity_level,
        period_start,
        area,
        population,
        count(*) filter (where category = 'arrived') as arrived,
        count(*) filter (where category = 'departed') as departed,
        count(*) filter (where category = 'arrived' and is_affiliation_unknown) as unknown_arrived,
        count(*) filter (where category = 'departed' and is_affiliation_unknown)
            as unknown_departed
    from moves
    group by identity_level, period_start, area, population
),

measured as (
    select
        categories.*,
        categories.status <> 'unavailable' and categories.is_newness_known as is_known,
        case when categories.category = 'departed' then 0 else coalesce(counted.arrived, 0) end
            as came,
        case when categories.category = 'arrived' then 0 else coalesce(counted.departed, 0) end
            as went,
        case when categories.category = 'departed' then 0 else coalesce(probable.arrived, 0) end
            as probable_came,
        case when categories.category = 'arrived' then 0 else coalesce(probable.departed, 0) end
            as probable_went,
        case
            when categories.category = 'departed' then 0 else coalesce(counted.unknown_arrived, 0)
        end
        + case
            when categories.category = 'arrived' then 0 else coalesce(counted.unknown_departed, 0)
        end as unknown_persons
    from categories
    left join counted
        on
            counted.identity_level = 'confirmed'
            and categories.period_start = counted.period_start
            and categories.area = counted.area
            and categories.population = counted.population
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and categories.period_start = probable.period_start
            and categories.area = probable.area
            and categories.population = probable.population
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    category,
    population,

    case when is_known then case category when 'departed' then went else came - went end end::double
        as value,
    case
        when is_known
            then
                case category
                    when 'departed' then probable_went else probable_came - probable_went
                end
    end::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    case when is_known then came + went end as persons,
    case
        when is_known
            then {{ smaller_group(
                smaller_group('came', 'went'), smaller_group('probable_came', 'probable_went')
            ) }}
    end as smallest_group,
    case
        when is_known and population = 'community' then unknown_persons / nullif(came + went, 0)
    end as unknown_affiliation_share,
    case when is_known then status else 'unavailable' end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

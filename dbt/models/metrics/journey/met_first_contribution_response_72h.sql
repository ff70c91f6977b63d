-- The share of first contributions of the month to which another person responded within 72 hours,
-- of those to which anybody can: bugs, suggestions, topics and replies. Told once the whole month
-- has had that time.

{% set limit = var('parameters')['first_response_hours'] %}
with slices as (
    select slices.*
    from ({{ cohort_slices(['month'], ['all', 'community']) }}) as slices
    where
        slices.area in ('all', 'quality', 'localization', 'community_forum')
        and (
            slices.status = 'unavailable'
            or slices.period_end + to_hours({{ limit }}) <= (
                select min(watermark)
                from {{ ref('dim_source') }}
                where source in ('bugzilla', 'pontoon', 'discourse') and is_loaded
            )
        )
),

firsts as (
    select
        firsts.*,
        populations.population,
        date_trunc('month', firsts.occurred_at) as period_start,
        coalesce(firsts.response_hours < {{ limit }}, false) as is_responded
    from {{ ref('fct_first_contribution') }} as firsts
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where firsts.can_be_responded_to
),

counted as (
    select
        period_start,
        population,
        coalesce(area, 'all') as area,
        locale,
        product,
        count(*) as newcomers,
        count(*) filter (where is_responded) as responded,
        count(*) filter (where is_first_with_probable) as probable_newcomers,
        count(*) filter (where is_first_with_probable and is_responded) as probable_responded,
        count(*) filter (where affiliation = 'unknown') as unknown_persons
    from firsts
    group by
        period_start, population, grouping sets ((), (area), (area, locale), (area, product))
    having
        (grouping(locale) = 1 or locale is not null)
        and (grouping(product) = 1 or product is not null)
),

breaks as (
    {{ broken_periods('first_contribution_response_72h', 'pontoon', 'month') }}
),

measured as (
    select
        slices.*,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        counted.locale,
        counted.product,
        coalesce(counted.newcomers, 0) as newcomers,
        coalesce(counted.responded, 0) as responded,
        counted.probable_newcomers,
        counted.probable_responded,
        counted.unknown_persons,
        case when slices.area in ('all', 'localization') then breaks.break_flags end as break_flags
    from slices
    left join counted using (period_start, population, area)
    left join breaks using (period_start)
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    locale,
    product,
    population,

    case when is_measured then responded / nullif(newcomers, 0) end as value,
    case when is_measured then wilson_low(responded, newcomers) end as ci_low,
    case when is_measured then wilson_high(responded, newcomers) end as ci_high,
    case when is_measured then probable_responded / nullif(probable_newcomers, 0) end
        as value_with_probable,
    case when is_measured then responded end::double as numerator,
    case when is_measured then newcomers end::double as denominator,
    case when is_measured then newcomers end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('responded', 'newcomers'),
                smaller_group('probable_responded', 'probable_newcomers')
            ) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(newcomers, 0)
    end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when newcomers = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'source_missing': 'is_source_missing',
    }, 'break_flags') }} as flags
from measured

-- What became within 30 days of the month's first contributions that can be accepted: the shares
-- that were accepted (a suggestion approved by another, a bug confirmed or fixed, an answer chosen
-- or called helpful), rejected, and left undecided. The three add up to 1. Told once the whole
-- month has had that time.

{% set days = var('parameters')['first_accepted_days'] %}
with slices as (
    select
        slices.*,
        outcomes.category
    from ({{ cohort_slices(['month'], ['all', 'community']) }}) as slices
    cross join (select unnest(['accepted', 'rejected', 'undecided']) as category) as outcomes
    where
        slices.area in ('all', 'quality', 'localization', 'support')
        and (
            slices.status = 'unavailable'
            or slices.period_end + to_days({{ var('parameters')['answer_judged_within_days'] }})
            <= (
                select min(watermark)
                from {{ ref('dim_source') }}
                where source in ('bugzilla', 'pontoon', 'sumo') and is_loaded
            )
        )
),

firsts as (
    select
        firsts.*,
        populations.population,
        date_trunc('month', firsts.occurred_at) as period_start,
        firsts.outcome_30d is not null as is_judged
    from {{ ref('fct_first_contribution') }} as firsts
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where firsts.can_be_accepted
),

counted as (
    select
        period_start,
        population,
        coalesce(area, 'all') as area,
        locale,
        product,
        count(*) filter (where is_judged) as newcomers,
        {% for outcome in ['accepted', 'rejected', 'undecided'] %}
            count(*) filter (where outcome_30d = '{{ outcome }}') as {{ outcome }},
            count(*) filter (where outcome_30d = '{{ outcome }}' and is_first_with_probable)
                as probable_{{ outcome }},
        {% endfor %}
        count(*) filter (where is_judged and is_first_with_probable) as probable_newcomers,
        count(*) filter (where not is_judged) as unread,
        count(*) filter (where is_judged and affiliation = 'unknown') as unknown_persons
    from firsts
    group by
        period_start, population, grouping sets ((), (area), (area, locale), (area, product))
    having
        (grouping(locale) = 1 or locale is not null)
        and (grouping(product) = 1 or product is not null)
),

breaks as (
    {{ broken_periods('first_contribution_accepted_30d', 'pontoon', 'month') }}
),

measured as (
    select
        slices.*,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        counted.locale,
        counted.product,
        coalesce(counted.newcomers, 0) as newcomers,
        coalesce(
            case slices.category
                when 'accepted' then counted.accepted
                when 'rejected' then counted.rejected
                else counted.undecided
            end,
            0
        ) as outcomes,
        counted.probable_newcomers,
        case slices.category
            when 'accepted' then counted.probable_accepted
            when 'rejected' then counted.probable_rejected
            else counted.probable_undecided
        end as probable_outcomes,
        counted.unread,
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
    category,
    population,

    case when is_measured then outcomes / nullif(newcomers, 0) end as value,
    case when is_measured then wilson_low(outcomes, newcomers) end as ci_low,
    case when is_measured then wilson_high(outcomes, newcomers) end as ci_high,
    case when is_measured then probable_outcomes / nullif(probable_newcomers, 0) end
        as value_with_probable,
    case when is_measured then outcomes end::double as numerator,
    case when is_measured then newcomers end::double as denominator,
    case when is_measured then newcomers end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('outcomes', 'newcomers'),
                smaller_group('probable_outcomes', 'probable_newcomers')
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
        'answers_not_read_in_time': 'unread > 0',
        'left_censored': 'not is_newness_known',
        'source_missing': 'is_source_missing',
    }, 'break_flags') }} as flags
from measured

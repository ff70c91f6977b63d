-- Days from a suggestion to the first explicit approval or rejection by another person:
-- Kaplan-Meier median, what nobody reviewed yet and what its author rejected censored there.

with periods as (
    {{ item_periods(['suggestion'], ['month']) }}
),

suggestions as (
    select *, date_trunc('month', opened_at) as period_start
    from {{ ref('fct_item') }}
    where item_type = 'suggestion' and set_aside_reason is null
),

counted as (
    select
        period_start,
        locale,
        project,
        count(*) as suggestions,
        count_if(is_responded) as reviewed,
        count(distinct opener_id) as authors,
        count(distinct responder_id) filter (where is_responded) as reviewers,
        {{ waiting_median(24) }} as km
    from suggestions
    group by period_start, grouping sets ((), (locale), (project), (locale, project))
),

breaks as (
    {{ broken_periods('suggestion_time_to_review_d', 'pontoon', 'month') }}
),

measured as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.state,
        periods.state <> 'missing' as is_measured,
        counted.locale,
        counted.project,
        coalesce(counted.suggestions, 0) as suggestions,
        coalesce(counted.reviewed, 0) as reviewed,
        coalesce(counted.authors, 0) as authors,
        coalesce(counted.reviewers, 0) as reviewers,
        counted.km,
        breaks.break_flags
    from periods
    left join counted using (period_start)
    left join breaks using (period_start)
)

select
    grain,
    period_start,
    period_end,
    locale,
    project,

    case when is_measured then km.median end as value,
    case when is_measured and km.median is not null then km.low end as ci_low,
    case when is_measured and km.median is not null then km.high end as ci_high,
    case when is_measured then reviewed end::double as numerator,
    case when is_measured then suggestions end::double as denominator,
    case when is_measured then authors end as persons,
    case when is_measured then {{ smaller_group('authors', 'reviewers') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when suggestions = 0 then 'no_denominator'
        when km.median is null then 'insufficient'
        else state
    end as status,
    {{ flags_of(
        {'median_not_reached': 'is_measured and suggestions > 0 and km.median is null'},
        'break_flags'
    ) }} as flags
from measured

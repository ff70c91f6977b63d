-- The share of a month's questions answered by another person within 24 and 72 hours; told once the
-- whole month has had that time (Kitsune's rates without own replies, spam and machines).

with periods as (
    select
        every_period.*,
        judged.hours
    from ({{ item_periods(['question'], ['month']) }}) as every_period
    cross join (select unnest({{ var('parameters')['support_response_hours'] }}) as hours) as judged
    where
        every_period.state = 'missing'
        or every_period.period_end + to_hours(judged.hours) <= every_period.watermark
),

questions as (
    select
        questions.*,
        periods.period_start,
        periods.hours,
        coalesce(questions.response_hours < periods.hours, false) as is_answered
    from {{ ref('fct_item') }} as questions
    inner join periods on periods.period_start = date_trunc('month', questions.opened_at)
    where
        questions.item_type = 'question'
        and (
            questions.set_aside_reason is null
            or questions.set_aside_reason in ('negative_duration', 'answers_missing')
        )
),

counted as (
    select
        period_start,
        hours,
        locale,
        product,
        count(*) filter (where set_aside_reason is null) as questions,
        count(*) filter (where set_aside_reason is null and is_answered) as answered,
        count(distinct opener_id) filter (where set_aside_reason is null) as askers,
        count(distinct responder_id) filter (where set_aside_reason is null and is_answered)
            as responders,
        count(*) filter (where set_aside_reason = 'answers_missing') as unreadable,
        bool_or(has_erased_answer) as has_erased_answers,
        bool_or(set_aside_reason = 'negative_duration') as has_negative_durations
    from questions
    group by period_start, hours, grouping sets ((), (locale), (product), (locale, product))
),

measured as (
    select
        periods.*,
        counted.locale,
        counted.product,
        coalesce(counted.questions, 0) as questions,
        coalesce(counted.answered, 0) as answered,
        coalesce(counted.askers, 0) as askers,
        coalesce(counted.responders, 0) as responders,
        coalesce(counted.unreadable, 0) as unreadable,
        counted.has_erased_answers,
        counted.has_negative_durations
    from periods
    left join counted using (period_start, hours)
),

-- Where too many answers are missing, what is left would only be what nobody answered.
judged as (
    select
        *,
        state <> 'missing'
        and unreadable <= {{ var('parameters')['support_missing_answers_share'] }}
        * (questions + unreadable) as is_measured
    from measured
)

select
    grain,
    period_start,
    period_end,
    locale,
    product,
    hours || 'h' as category,

    case when is_measured then answered / nullif(questions, 0) end as value,
    case when is_measured then wilson_low(answered, questions) end as ci_low,
    case when is_measured then wilson_high(answered, questions) end as ci_high,
    case when is_measured then answered end::double as numerator,
    case when is_measured then questions end::double as denominator,
    case when is_measured then askers end as persons,
    case when is_measured then {{ smaller_group('askers', 'responders') }} end
        as smallest_group,
    case
        when not is_measured then 'unavailable'
        when questions = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'answers_missing': 'unreadable > 0',
        'erased_answers': 'has_erased_answers',
        'negative_durations': 'has_negative_durations',
    }) }} as flags
from judged

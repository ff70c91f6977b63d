-- The share of a month's questions in a locale that another person answered within 72 hours; told
-- once the whole month has had that time. A locale in which people translate and that never had a
-- question has no support forum: unavailable, not 0.

{% set limit = var('parameters')['first_response_hours'] %}
with periods as (
    select *
    from ({{ item_periods(['question'], ['month']) }}) as every_period
    where state = 'missing' or period_end + to_hours({{ limit }}) <= watermark
),

questions as (
    select
        *,
        date_trunc('month', opened_at) as period_start,
        set_aside_reason is null as is_eligible,
        coalesce(response_hours < {{ limit }}, false) as is_answered
    from {{ ref('fct_item') }}
    where
        item_type = 'question'
        and (
            set_aside_reason is null
            or set_aside_reason in ('negative_duration', 'answers_missing')
        )
),

counted as (
    select
        period_start,
        locale,
        product,
        count(*) filter (where is_eligible) as questions,
        count(*) filter (where is_eligible and is_answered) as answered,
        count(distinct opener_id) filter (where is_eligible) as askers,
        count(distinct responder_id) filter (where is_eligible and is_answered) as responders,
        count(*) filter (where set_aside_reason = 'answers_missing') as unreadable,
        bool_or(has_erased_answer) as has_erased_answers,
        bool_or(set_aside_reason = 'negative_duration') as has_negative_durations
    from questions
    group by period_start, locale, grouping sets ((), (product))
),

locales as (
    select
        periods.*,
        forums.locale,
        true as has_forum
    from periods
    cross join (select distinct locale from questions) as forums
    union all
    select distinct
        periods.*,
        facts.locale,
        false as has_forum
    from periods
    inner join {{ ref('fct_contribution') }} as facts
        on
            facts.area = 'localization'
            and periods.period_start = date_trunc('month', facts.occurred_at)
    where facts.locale is not null and facts.locale not in (select locale from questions)
),

measured as (
    select
        locales.*,
        counted.product,
        coalesce(counted.questions, 0) as questions,
        coalesce(counted.answered, 0) as answered,
        coalesce(counted.askers, 0) as askers,
        coalesce(counted.responders, 0) as responders,
        coalesce(counted.unreadable, 0) as unreadable,
        counted.has_erased_answers,
        counted.has_negative_durations,
        locales.has_forum
        and locales.state <> 'missing'
        and coalesce(counted.unreadable, 0)
        <= {{ var('parameters')['support_missing_answers_share'] }}
        * (coalesce(counted.questions, 0) + coalesce(counted.unreadable, 0)) as is_measured
    from locales
    left join counted using (period_start, locale)
)

select
    grain,
    period_start,
    period_end,
    locale,
    product,

    case when is_measured then answered / nullif(questions, 0) end as value,
    case when is_measured then wilson_low(answered, questions) end as ci_low,
    case when is_measured then wilson_high(answered, questions) end as ci_high,
    case when is_measured then answered end::double as numerator,
    case when is_measured then questions end::double as denominator,
    case when is_measured then askers end as persons,
    case when is_measured then {{ smaller_group('askers', 'responders') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when questions = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'answers_missing': 'unreadable > 0',
        'erased_answers': 'has_erased_answers',
        'negative_durations': 'has_negative_durations',
        'no_forum': 'not has_forum',
    }) }} as flags
from measured

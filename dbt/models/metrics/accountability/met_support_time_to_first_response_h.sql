-- Hours from a question to the first answer by another person: Kaplan-Meier median, questions still
-- open censored at the watermark, all at the cap (CHAOSS "Time to First Response").

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_source_period': read_of_sources(['month']),
        'dim_source': read_at_any_date(['source']),
        'fct_item': {
            'rows': "select * from marts.fct_item where item_type = 'question'",
            'columns': [
                'item_id', 'item_type', 'set_aside_reason', 'has_erased_answer', 'locale',
                'product', 'opener_id', 'responder_id', 'is_responded', 'waited_hours', 'opened_at',
            ],
            'since': 'opened_at',
            'until': end_of_month('opened_at'),
        },
    },
}) }}

with periods as (
    select * from ({{ item_periods(['question'], ['month']) }}) as every_period
    where {{ due('every_period.period_end') }}
),

questions as (
    select *, date_trunc('month', opened_at) as period_start
    from {{ ref('fct_item') }}
    where
        item_type = 'question'
        and (
            set_aside_reason is null
            or set_aside_reason in ('negative_duration', 'answers_missing')
        )
        and {{ due(end_of_month('opened_at')) }}
),

counted as (
    select
        period_start,
        locale,
        product,
        count(*) filter (where set_aside_reason is null) as questions,
        count(*) filter (where set_aside_reason is null and is_responded) as answered,
        count(distinct opener_id) filter (where set_aside_reason is null) as askers,
        count(distinct responder_id) filter (where set_aside_reason is null and is_responded)
            as responders,
        {{ waiting_median(among='set_aside_reason is null') }} as km,
        count(*) filter (where set_aside_reason = 'answers_missing') as unreadable,
        bool_or(has_erased_answer) as has_erased_answers,
        bool_or(set_aside_reason = 'negative_duration') as has_negative_durations
    from questions
    group by period_start, grouping sets ((), (locale), (product), (locale, product))
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
        counted.km,
        coalesce(counted.unreadable, 0) as unreadable,
        counted.has_erased_answers,
        counted.has_negative_durations
    from periods
    left join counted using (period_start)
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

    case when is_measured then km.median end as value,
    case when is_measured and km.median is not null then km.low end as ci_low,
    case when is_measured and km.median is not null then km.high end as ci_high,
    case when is_measured then answered end::double as numerator,
    case when is_measured then questions end::double as denominator,
    case when is_measured then askers end as persons,
    case when is_measured then {{ smaller_group('askers', 'responders') }} end
        as smallest_group,
    case
        when not is_measured then 'unavailable'
        when questions = 0 then 'no_denominator'
        when km.median is null then 'insufficient'
        else state
    end as status,
    {{ flags_of({
        'answers_missing': 'unreadable > 0',
        'erased_answers': 'has_erased_answers',
        'median_not_reached': 'is_measured and questions > 0 and km.median is null',
        'negative_durations': 'has_negative_durations',
    }) }} as flags
from judged

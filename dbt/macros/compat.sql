{# Numbers of other pages, by their rules: beside ours, never mixed with them (catalogue, section 11). #}

{#
    The support forum's own response rate of a day: questions neither locked nor spam with any answer
    within the hours, also the asker's own, spam and machines. Every loaded day has a row: one without a
    question has no denominator, one behind the watermark is unavailable once its month is over. A question
    that lists answers which are not stored is answered if a stored one says so, else nobody knows (decision 13).
#}
{% macro responded_compat(hours) -%}
with sources as (
    select
        grace_hours,
        watermark,
        case
            when is_loaded
                then date_trunc('day', loaded_from + interval 1 day - interval 1 microsecond)
        end as first_day
    from {{ ref('dim_source') }}
    where source = 'sumo'
),

horizon as (
    select min(period_start) as begins_at, max(period_end) as ends_at
    from {{ ref('dim_period') }}
    where grain = 'month'
),

days as (
    select
        unnest(generate_series(
            coalesce(sources.first_day, horizon.begins_at),
            greatest(date_trunc('day', sources.watermark), horizon.ends_at) - interval 1 day,
            interval 1 day
        )) as period_start,
        sources.watermark,
        sources.grace_hours
    from sources
    cross join horizon
),

answers as (
    select item, min(occurred_at) as answered_at
    from {{ ref('fct_support_answer') }}
    group by item
),

judged as (
    select
        date_trunc('day', questions.created_at) as period_start,
        questions.asker_id,
        coalesce(answers.answered_at < questions.created_at + to_hours({{ hours }}), false)
            as is_answered,
        coalesce(questions.set_aside_reason = 'answers_missing', false) and not is_answered
            as is_unreadable
    from {{ ref('fct_support_question') }} as questions
    left join answers on cast(questions.question_id as varchar) = answers.item
    where
        coalesce(questions.set_aside_reason, '') <> 'spam'
        and not coalesce(questions.is_locked, false)
),

counted as (
    select
        period_start,
        count(*) filter (where is_unreadable) as unreadable,
        count(*) filter (where not is_unreadable) as questions,
        count(*) filter (where is_answered) as answered,
        count(distinct asker_id) filter (where not is_unreadable) as askers,
        count(distinct asker_id) filter (where is_answered) as answered_askers
    from judged
    group by period_start
),

measured as (
    select
        days.period_start,
        days.period_start + interval 1 day as period_end,
        coalesce(days.watermark > days.period_start, false)
        and coalesce(
            counted.unreadable <= {{ var('parameters')['support_missing_answers_share'] }}
            * (counted.questions + counted.unreadable),
            true
        ) as is_measured,
        coalesce(counted.unreadable, 0) as unreadable,
        days.watermark >= days.period_start + interval 1 day
        + to_minutes(cast(60 * days.grace_hours as integer)) as is_complete,
        coalesce(counted.questions, 0) as questions,
        coalesce(counted.answered, 0) as answered,
        coalesce(counted.askers, 0) as askers,
        coalesce(counted.answered_askers, 0) as answered_askers
    from days
    left join counted using (period_start)
    where
        days.watermark is null
        or days.watermark <= days.period_start
        or days.period_start + interval 1 day + to_hours({{ hours }}) <= days.watermark
)

select
    'day' as grain,
    period_start,
    period_end,

    case when is_measured then answered / nullif(questions, 0) end as value,
    case when is_measured then wilson_low(answered, questions) end as ci_low,
    case when is_measured then wilson_high(answered, questions) end as ci_high,
    case when is_measured then answered end::double as numerator,
    case when is_measured then questions end::double as denominator,
    case when is_measured then askers end as persons,
    case when is_measured then {{ smaller_group('answered_askers', 'askers') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when questions = 0 then 'no_denominator'
        when is_complete then 'complete'
        else 'provisional'
    end as status,
    {{ flags_of({'answers_missing': 'unreadable > 0'}) }} as flags
from measured
{%- endmacro %}

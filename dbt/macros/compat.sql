{# Numbers of other pages, by their rules: beside ours, never mixed with them (catalogue, section 11). #}

{#
    The support forum's own response rate of a day: questions neither locked nor spam with any answer
    within the hours, also the asker's own, spam and machines.
#}
{% macro responded_compat(hours) -%}
with sources as (
    select loaded_from, watermark from {{ ref('dim_source') }} where source = 'sumo'
),

answers as (
    select item, min(occurred_at) as answered_at
    from {{ ref('fct_support_answer') }}
    group by item
),

days as (
    select
        date_trunc('day', questions.created_at) as period_start,
        count(*) as questions,
        count(*) filter (
            where answers.answered_at < questions.created_at + to_hours({{ hours }})
        ) as answered,
        count(distinct questions.asker_id) as askers,
        count(distinct questions.asker_id) filter (
            where answers.answered_at < questions.created_at + to_hours({{ hours }})
        ) as answered_askers
    from {{ ref('fct_support_question') }} as questions
    left join answers on cast(questions.question_id as varchar) = answers.item
    where
        coalesce(questions.set_aside_reason, '') <> 'spam'
        and not coalesce(questions.is_locked, false)
    group by date_trunc('day', questions.created_at)
)

select
    'day' as grain,
    days.period_start,
    days.period_start + interval 1 day as period_end,

    days.answered / days.questions as value,
    wilson_low(days.answered, days.questions) as ci_low,
    wilson_high(days.answered, days.questions) as ci_high,
    days.answered::double as numerator,
    days.questions::double as denominator,
    days.askers as persons,
    {{ smaller_group('days.answered_askers', 'days.askers') }} as smallest_group,
    'complete' as status,
    null::varchar as flags
from days
cross join sources
where
    days.period_start >= sources.loaded_from
    and days.period_start + interval 1 day + to_hours({{ hours }}) <= sources.watermark
{%- endmacro %}

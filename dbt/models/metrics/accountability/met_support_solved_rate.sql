-- The share of a month's questions that had a solution 185 days after they were asked, when the
-- source has archived them. A solution has no date: what a later read shows for the first time does
-- not count, unless it is the first read of all.

{% set days = var('parameters')['solved_after_days'] %}
with periods as (
    select *
    from ({{ item_periods(['question'], ['month']) }}) as every_period
    where state = 'missing' or period_end + to_days({{ days }}) <= watermark
),

questions as (
    select
        date_trunc('month', questions.created_at) as period_start,
        questions.locale,
        questions.asker_id,
        questions.is_solved
    from {{ ref('fct_support_question') }} as questions
    left join {{ ref('dim_account') }} as askers
        on askers.source = 'sumo' and questions.asker_account = askers.account
    where
        not coalesce(askers.is_bot, false)
        and (
            questions.set_aside_reason is null
            or questions.set_aside_reason in ('answers_missing', 'negative_duration')
        )
),

counted as (
    select
        period_start,
        locale,
        count(*) as questions,
        count(*) filter (where is_solved) as solved,
        count(distinct asker_id) as askers,
        count(distinct asker_id) filter (where is_solved) as solved_askers
    from questions
    group by period_start, grouping sets ((), (locale))
),

measured as (
    select
        periods.*,
        periods.state <> 'missing' as is_measured,
        counted.locale,
        coalesce(counted.questions, 0) as questions,
        coalesce(counted.solved, 0) as solved,
        coalesce(counted.askers, 0) as askers,
        coalesce(counted.solved_askers, 0) as solved_askers
    from periods
    left join counted using (period_start)
)

select
    grain,
    period_start,
    period_end,
    locale,

    case when is_measured then solved / nullif(questions, 0) end as value,
    case when is_measured then wilson_low(solved, questions) end as ci_low,
    case when is_measured then wilson_high(solved, questions) end as ci_high,
    case when is_measured then solved end::double as numerator,
    case when is_measured then questions end::double as denominator,
    case when is_measured then askers end as persons,
    case when is_measured then {{ smaller_group('solved_askers', 'askers') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when questions = 0 then 'no_denominator'
        else state
    end as status,
    null::varchar as flags
from measured

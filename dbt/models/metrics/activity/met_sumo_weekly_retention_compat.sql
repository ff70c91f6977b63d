-- Of the accounts that answered other people's questions from eight to four weeks before a week,
-- the share that did so again from four weeks before it to its end, as the support forum's own page
-- counts it: the later window is five weeks long, the earlier one four.

with periods as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.state,
        sources.loaded_from > periods.period_start - interval 56 day as is_history_missing
    from {{ ref('fct_source_period') }} as periods
    inner join {{ ref('dim_source') }} as sources on periods.source = sources.source
    where
        periods.source = 'sumo'
        and periods.grain = 'week'
        and periods.state <> 'not_begun'
),

accounts as (
    select
        periods.period_start,
        answers.account,
        bool_or(answers.occurred_at < periods.period_start - interval 28 day) as is_earlier,
        bool_or(answers.occurred_at >= periods.period_start - interval 28 day) as is_later
    from periods
    inner join {{ ref('fct_support_answer') }} as answers
        on
            answers.occurred_at >= periods.period_start - interval 56 day
            and answers.occurred_at < periods.period_end
    where not answers.is_own and answers.account is not null
    group by periods.period_start, answers.account
),

counted as (
    select
        period_start,
        count(*) filter (where is_earlier) as earlier,
        count(*) filter (where is_earlier and is_later) as retained
    from accounts
    group by period_start
),

measured as (
    select
        periods.*,
        periods.state <> 'missing' and not periods.is_history_missing as is_measured,
        coalesce(counted.earlier, 0) as earlier,
        coalesce(counted.retained, 0) as retained
    from periods
    left join counted using (period_start)
)

select
    grain,
    period_start,
    period_end,

    case when is_measured then retained / nullif(earlier, 0) end as value,
    case when is_measured then wilson_low(retained, earlier) end as ci_low,
    case when is_measured then wilson_high(retained, earlier) end as ci_high,
    case when is_measured then retained end::double as numerator,
    case when is_measured then earlier end::double as denominator,
    case when is_measured then earlier end as persons,
    case when is_measured then {{ smaller_group('retained', 'earlier') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when earlier = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({'history_missing': 'is_history_missing'}) }} as flags
from measured

-- Accounts with at least ten answers to other people's questions in the 30 days before the end of
-- the month, as the support forum's own page counts them: spam and machines included.

with periods as (
    select grain, period_start, period_end, state
    from {{ ref('fct_source_period') }}
    where source = 'sumo' and grain = 'trailing_30d' and state <> 'not_begun'
),

answerers as (
    select
        periods.period_start,
        answers.account
    from periods
    inner join {{ ref('fct_support_answer') }} as answers
        on
            periods.period_start <= answers.occurred_at
            and periods.period_end > answers.occurred_at
    where not answers.is_own and answers.account is not null
    group by periods.period_start, answers.account
    having count(*) >= {{ var('parameters')['compat_forum_answers'] }}
),

counted as (
    select period_start, count(*) as accounts
    from answerers
    group by period_start
)

select
    periods.grain,
    periods.period_start,
    periods.period_end,

    case when periods.state <> 'missing' then coalesce(counted.accounts, 0) end::double as value,
    null::double as numerator,
    null::double as denominator,
    case when periods.state <> 'missing' then coalesce(counted.accounts, 0) end as persons,
    case when periods.state <> 'missing' then coalesce(counted.accounts, 0) end as smallest_group,
    case when periods.state = 'missing' then 'unavailable' else periods.state end as status,
    null::varchar as flags
from periods
left join counted using (period_start)

-- Days from filing a request for budget or swag to the first decision, and to the mentor's review:
-- the median of the Kaplan-Meier curve of those filed in the quarter. What waits is censored at the
-- watermark, what was withdrawn at its end.

with shown as (
    select count(*) > 0 as is_shown from {{ ref('fct_budget_request') }}
),

periods as (
    select
        periods.*,
        sources.watermark,
        shown.is_shown
    from {{ ref('fct_source_period') }} as periods
    inner join {{ ref('dim_source') }} as sources using (source)
    cross join shown
    where periods.source = 'bugzilla' and periods.grain = 'quarter' and periods.state <> 'not_begun'
),

steps as (
    select
        'decision' as step,
        bug_id,
        requester_id,
        component,
        created_at,
        decision in ('approved', 'denied') as is_reached,
        decided_at as ended_at
    from {{ ref('fct_budget_request') }}
    union all
    select
        'mentor_review' as step,
        bug_id,
        requester_id,
        component,
        created_at,
        reviewed_at is not null as is_reached,
        coalesce(reviewed_at, decided_at) as ended_at
    from {{ ref('fct_budget_request') }}
),

followed as (
    select
        steps.step,
        periods.period_start,
        steps.bug_id,
        steps.requester_id,
        steps.component,
        coalesce(steps.is_reached and steps.ended_at < periods.watermark, false) as is_reached,
        date_diff(
            'second',
            steps.created_at,
            least(coalesce(steps.ended_at, periods.watermark), periods.watermark)
        ) / 86400 as days
    from steps
    inner join periods on date_trunc('quarter', steps.created_at) = periods.period_start
),

counted as (
    select
        period_start,
        step,
        component,
        count(*) as requests,
        count(*) filter (where is_reached) as reached,
        count(distinct requester_id) as persons,
        km_median(
            list(days order by days, is_reached, bug_id),
            list(is_reached order by days, is_reached, bug_id)
        ) as km
    from followed
    group by period_start, step, grouping sets ((), (component))
),

splits as (
    select listed.step, null as component
    from (select unnest(['decision', 'mentor_review']) as step) as listed
    union
    select step, component from counted
),

measured as (
    select
        periods.*,
        splits.step,
        splits.component,
        periods.state <> 'missing' and periods.is_shown as is_measured,
        coalesce(counted.requests, 0) as requests,
        coalesce(counted.reached, 0) as reached,
        coalesce(counted.persons, 0) as persons,
        counted.km
    from periods
    cross join splits
    left join counted
        on
            periods.period_start = counted.period_start
            and splits.step = counted.step
            and splits.component is not distinct from counted.component
)

select
    grain,
    period_start,
    period_end,
    step as outcome,
    component as category,

    case when is_measured then km.median end as value,
    case when is_measured and km.median is not null then km.low end as ci_low,
    case when is_measured and km.median is not null then km.high end as ci_high,
    case when is_measured then reached end::double as numerator,
    case when is_measured then requests end::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then persons end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when requests = 0 then 'no_denominator'
        when km.median is null then 'insufficient'
        else state
    end as status,
    {{ flags_of({
        'median_not_reached': 'is_measured and requests > 0 and km.median is null',
        'public_requests_only': 'is_measured',
        'source_restricted': 'not is_shown',
    }) }} as flags
from measured

-- Requests for budget or swag that were approved, of those decided in the quarter; what the
-- requester withdrew is not decided. Without any public request, the source is closed to us.

with shown as (
    select count(*) > 0 as is_shown from {{ ref('fct_budget_request') }}
),

periods as (
    select periods.*, shown.is_shown
    from {{ ref('fct_source_period') }} as periods
    cross join shown
    where periods.source = 'bugzilla' and periods.grain = 'quarter' and periods.state <> 'not_begun'
),

counted as (
    select
        date_trunc('quarter', decided_at) as period_start,
        component,
        count(*) as decided,
        count(*) filter (where decision = 'approved') as approved,
        count(distinct requester_id) as persons,
        count(distinct requester_id) filter (where decision = 'approved') as approved_persons
    from {{ ref('fct_budget_request') }}
    where decision in ('approved', 'denied')
    group by date_trunc('quarter', decided_at), grouping sets ((), (component))
),

splits as (
    select null as component
    union
    select component from counted
),

measured as (
    select
        periods.*,
        splits.component,
        periods.state <> 'missing' and periods.is_shown as is_measured,
        coalesce(counted.decided, 0) as decided,
        coalesce(counted.approved, 0) as approved,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.approved_persons, 0) as approved_persons
    from periods
    cross join splits
    left join counted
        on
            periods.period_start = counted.period_start
            and splits.component is not distinct from counted.component
)

select
    grain,
    period_start,
    period_end,
    component as category,

    case when is_measured then approved / nullif(decided, 0) end as value,
    case when is_measured then wilson_low(approved, decided) end as ci_low,
    case when is_measured then wilson_high(approved, decided) end as ci_high,
    case when is_measured then approved end::double as numerator,
    case when is_measured then decided end::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then {{ smaller_group('approved_persons', 'persons') }} end
        as smallest_group,
    case
        when not is_measured then 'unavailable'
        when decided = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'public_requests_only': 'is_measured',
        'source_restricted': 'not is_shown',
    }) }} as flags
from measured

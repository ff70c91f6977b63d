-- Requests for budget or swag filed in the month. Few of these bugs are public, so that what
-- Bugzilla shows is a lower bound; without any, the source is closed to us and nothing can be told.

with shown as (
    select count(*) > 0 as is_shown from {{ ref('fct_budget_request') }}
),

periods as (
    select periods.*, shown.is_shown
    from {{ ref('fct_source_period') }} as periods
    cross join shown
    where periods.source = 'bugzilla' and periods.grain = 'month' and periods.state <> 'not_begun'
),

counted as (
    select
        date_trunc('month', created_at) as period_start,
        component,
        count(*) as requests,
        count(distinct requester_id) as persons
    from {{ ref('fct_budget_request') }}
    group by date_trunc('month', created_at), grouping sets ((), (component))
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
        coalesce(counted.requests, 0) as requests,
        coalesce(counted.persons, 0) as persons
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

    case when is_measured then requests end::double as value,
    null::double as numerator,
    null::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then persons end as smallest_group,
    case when is_measured then state else 'unavailable' end as status,
    {{ flags_of({
        'lower_bound': 'is_measured',
        'source_restricted': 'not is_shown',
    }) }} as flags
from measured

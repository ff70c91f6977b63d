-- Of the values first published for a month, the share that were others 30 days later: by more
-- than 1 %, counts below 100 by one or more. Values of which the definition changed are
-- announced and not counted; every other change has what can have caused it.

with judged as (
    select *
    from {{ ref('fct_value_revision') }}
    where cause <> 'definition'
),

totals as (
    select
        metric,
        period_start,
        period_end,
        sum(values_compared)::bigint as values_compared,
        sum(values_changed)::bigint as values_changed
    from judged
    group by metric, period_start, period_end
),

measured as (
    select
        metric,
        period_start,
        period_end,
        null as cause,
        values_compared,
        values_changed
    from totals
    union all
    select
        totals.metric,
        totals.period_start,
        totals.period_end,
        judged.cause,
        totals.values_compared,
        judged.values_changed
    from totals
    inner join judged using (metric, period_start, period_end)
)

select
    'month' as grain,
    period_start,
    period_end,
    'metric' as attribute,
    metric as attribute_value,
    cause as category,

    values_changed / values_compared as value,
    values_changed::double as numerator,
    values_compared::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    'complete' as status,
    null::varchar as flags
from measured

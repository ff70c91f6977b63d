-- One row a metric and month: the first publication in which all of it was complete, before the run
-- that builds. Backfilled: it came with the metric's first publication of all.

with firsts as (
    select
        metric,
        min(first_complete_at) as metric_first_at
    from {{ ref('stg_pipeline__publications') }}
    group by metric
)

select
    published.metric,
    published.period_start,
    published.period_end,

    published.first_complete_at = firsts.metric_first_at as is_backfilled,
    {{ hours_between('published.period_end', 'published.first_complete_at') }} / 24 as lag_days,

    published.first_complete_at
from {{ ref('stg_pipeline__publications') }} as published
inner join firsts on published.metric = firsts.metric
cross join {{ ref('stg_pipeline__runs') }} as runs
where published.first_complete_at < runs.as_of

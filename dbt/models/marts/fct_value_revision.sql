-- One row a metric, month and cause: values as first published, compared with those of 30 days
-- later, judged before the run that builds.

select
    revisions.metric,
    revisions.period_start,
    revisions.period_end,
    revisions.cause,

    revisions.values_compared,
    revisions.values_changed,

    revisions.judged_at
from {{ ref('stg_pipeline__revisions') }} as revisions
cross join {{ ref('stg_pipeline__runs') }} as runs
where revisions.judged_at < runs.as_of

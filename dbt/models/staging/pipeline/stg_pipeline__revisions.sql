-- One row a metric, month and cause: of the values first published, those that were others 30 days
-- later.

select
    metric,
    {{ utc('period_start') }} as period_start,
    {{ utc('period_end') }} as period_end,
    cause,

    first_version,
    judged_version,
    values_compared,
    values_changed,

    {{ utc('judged_at') }} as judged_at
from {{ lake('pipeline', 'revisions') }}

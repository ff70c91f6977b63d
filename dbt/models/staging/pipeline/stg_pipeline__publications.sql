-- One row a metric and month that was ever published whole: when first, and in which version.

select
    metric,
    {{ utc('period_start') }} as period_start,
    {{ utc('period_end') }} as period_end,

    first_complete_in,

    {{ utc('first_complete_at') }} as first_complete_at
from {{ lake('pipeline', 'publications') }}

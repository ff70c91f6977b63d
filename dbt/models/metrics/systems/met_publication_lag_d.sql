-- Days from the end of a month to the first publication in which all values of a metric for it were
-- complete.

select
    'month' as grain,
    period_start,
    period_end,
    'metric' as attribute,
    metric as attribute_value,

    lag_days as value,
    null::double as numerator,
    null::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    'complete' as status,
    {{ flags_of({'backfilled': 'is_backfilled'}) }} as flags
from {{ ref('fct_publication') }}

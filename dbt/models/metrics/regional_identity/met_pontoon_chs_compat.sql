-- Pontoon's Community Health Score cannot be made again from what the interface shows: no sign-ups,
-- no completion of key projects by locale, so that five of its terms would be guessed.

select
    'run' as grain,
    as_of as period_start,
    as_of as period_end,

    null::double as value,
    null::double as numerator,
    null::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    'unavailable' as status,
    'not_offered' as flags
from {{ ref('dim_run') }}

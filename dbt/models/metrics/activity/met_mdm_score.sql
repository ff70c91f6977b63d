-- How near a person is to the strategy's persona is nobody else's to know: it is counted
-- in the restricted schema, and what is published is that it is not.

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
    'not_published' as flags
from {{ ref('dim_run') }}

-- Contributors to the knowledge base as Kitsune counts them: creators of revisions and their
-- reviewers. The public list shows no reviews, so that half of them would be missing.

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

-- One row a known break in a source's series: until when, what it concerns, and the flag of the
-- values.

select
    source,
    event_type,
    metric,

    flag,
    effect,
    evidence,

    from_on,
    until_on
from {{ ref('series_breaks') }}

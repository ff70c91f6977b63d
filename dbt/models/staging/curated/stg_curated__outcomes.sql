-- One row a number that an event of Mozilla Reps was to reach, and what it reached, as its people
-- say.

with latest as (
    {{ latest('curated', 'outcomes') }}
)

select
    event_id,

    metric,
    expected,
    outcome
from latest

-- One row a time in which somebody told that they would be away, from valid_from to before
-- valid_to; null: still.

with latest as (
    {{ latest('curated', 'unavailable') }}
)

select
    source,
    account,

    valid_from,
    valid_to
from latest

-- One row an account and term in which people of the programme say what it was: staff, vendor or
-- volunteer.

with latest as (
    {{ latest('curated', 'affiliation') }}
)

select
    source,
    account,

    affiliation,

    valid_from,
    valid_to
from latest

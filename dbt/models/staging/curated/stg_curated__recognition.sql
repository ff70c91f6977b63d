-- One row a formal recognition of an account.

with latest as (
    {{ latest('curated', 'recognition') }}
)

select
    source,
    account,

    recognition,
    area,

    given_on
from latest

-- One row a role an account held, for a scope, as people of the programme wrote it down. valid_to
-- null: still held; is_start_known false: it began before valid_from, nobody knows when.

with latest as (
    {{ latest('curated', 'roles') }}
)

select
    source,
    account,

    role,
    scope_type,
    scope,
    is_start_known,

    valid_from,
    valid_to
from latest

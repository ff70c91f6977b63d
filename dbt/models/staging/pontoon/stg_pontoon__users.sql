-- One row a translator who is shown by a single word, as a hash that other systems make alike.

with latest as (
    {{ latest('pontoon', 'users') }}
)

select
    account,
    local_name
from latest

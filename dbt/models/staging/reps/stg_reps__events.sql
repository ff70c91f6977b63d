-- One row an event of the Reps programme.

with latest as (
    {{ latest('reps', 'events') }}
)

select
    id as event_id,

    owner as owner_account,
    country as country_name,
    categories,

    {{ utc('start') }} as starts_at,
    {{ utc(adapter.quote('end')) }} as ends_at
from latest

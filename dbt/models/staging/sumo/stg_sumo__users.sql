-- One row a profile, as it is now.

with latest as (
    {{ latest('sumo', 'users') }}
)

select
    account,
    username,

    country as declared_country,

    {{ utc('_fetched_at') }} as observed_at
from latest

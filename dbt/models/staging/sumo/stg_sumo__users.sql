-- One row a profile, as it is now.

with latest as (
    {{ latest('sumo', 'users') }}
)

select
    account,
    username,
    people_directory as people_directory_username,
    community_portal as community_portal_username,
    mail_address,
    local_name,

    country as declared_country,

    {{ utc('date_joined') }} as joined_at,
    {{ utc('_fetched_at') }} as observed_at
from latest

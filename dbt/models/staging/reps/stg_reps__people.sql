-- One row a Rep's public profile, as last seen.

with latest as (
    {{ latest('reps', 'people') }}
)

select
    account,
    people_directory as people_directory_username,
    mentor as mentor_account,
    local_name,

    country as declared_country,
    date_joined_program as joined_on,
    date_left_program as left_on,

    {{ utc('_fetched_at') }} as observed_at
from latest

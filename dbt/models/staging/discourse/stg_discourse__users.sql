-- One row an author of Discourse, as the newest post read of them shows.

with latest as (
    {{ latest('discourse', 'users') }}
)

select
    account,
    username,
    local_name,

    trust_level,
    is_forum_staff,
    primary_group,

    {{ utc('_fetched_at') }} as observed_at
from latest

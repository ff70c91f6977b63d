-- One row a post of Discourse, as it is now; small actions and system posts included.

with latest as (
    {{ latest('discourse', 'posts') }}
)

select
    id as post_id,
    topic_id,
    post_number,
    reply_to_post_number,

    author_id as author_account,
    author as author_username,
    post_type,
    is_system,
    likes,
    version,
    hidden as is_hidden,
    user_deleted as is_user_deleted,

    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at
from latest

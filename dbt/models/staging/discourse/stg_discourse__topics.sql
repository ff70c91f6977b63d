-- One row a topic of Discourse under the programme's tag, as it is now.

with latest as (
    {{ latest('discourse', 'topics') }}
)

select
    id as topic_id,
    category_id,

    tags,
    posts_count,
    reply_count,
    like_count,
    closed as is_closed,
    archived as is_archived,
    visible as is_visible,

    {{ utc('created_at') }} as created_at,
    {{ utc('last_posted_at') }} as last_posted_at,
    {{ utc('bumped_at') }} as bumped_at
from latest

-- One row a comment; number 0 is the bug's description.

with latest as (
    {{ latest('bugzilla', 'comments') }}
)

select
    id as comment_id,
    bug_id,

    creator as login,
    creator_class as login_class,
    count as comment_number,
    has_own_text,
    is_private,

    {{ utc('creation_time') }} as created_at
from latest

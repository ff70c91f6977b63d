-- One row an attachment of a bug.

with latest as (
    {{ latest('bugzilla', 'attachments') }}
)

select
    id as attachment_id,
    bug_id,

    creator as login,
    creator_class as login_class,
    content_type,
    is_patch,

    {{ utc('creation_time') }} as created_at
from latest

-- One row a public bug, as it is now.

with latest as (
    {{ latest('bugzilla', 'bugs') }}
)

select
    id as bug_id,

    creator as reporter_login,
    creator_id as reporter_account,
    creator_class as reporter_class,
    assigned_to as assignee_login,
    assigned_to_id as assignee_account,
    product,
    component,
    status,
    resolution,
    dupe_of as duplicate_of,

    {{ utc('creation_time') }} as created_at,
    {{ utc('last_change_time') }} as changed_at
from latest

-- One row a changed field of a bug, by one login at one instant.

with latest as (
    {{ latest('bugzilla', 'changes') }}
)

select
    bug_id,
    change as change_hash,

    who as login,
    who_class as login_class,
    field_name,
    removed,
    added,
    removed_class,
    added_class,

    {{ utc(adapter.quote('when')) }} as changed_at
from latest

-- One row an event of a flag, as the source tells it: `?` asked for, `+` granted, `-` denied, `X`
-- cleared.

with latest as (
    {{ latest('bugzilla', 'flag_activity') }}
)

select
    id as flag_event_id,
    flag_id,
    bug_id,
    attachment_id,

    flag_type,
    status,
    setter as setter_login,
    setter_id as setter_account,
    setter_class,
    requestee as requestee_login,
    requestee_id as requestee_account,
    requestee_class,

    {{ utc('creation_time') }} as occurred_at,
    {{ utc('_fetched_at') }} as observed_at
from latest

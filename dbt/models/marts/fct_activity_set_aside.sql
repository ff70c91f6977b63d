-- One row an activity that is not counted, and why.

select
    activity_id,

    source,
    event_type,
    set_aside_reason,

    occurred_on
from {{ ref('int_activity__judged') }}
where set_aside_reason is not null

-- Flag events carry the server's wall time without a zone, which is taken as UTC, while the history
-- of a bug is in UTC. So most of the events that have a change of flags on the same bug within
-- fifteen hours (no zone is further off) have one within a minute. Fewer than twenty tell nothing.

with changes as (
    select bug_id, changed_at
    from {{ ref('stg_bugzilla__changes') }}
    where field_name = 'flagtypes.name'
),

events as (
    select
        flags.flag_event_id,
        min(abs(date_diff('second', flags.occurred_at, changes.changed_at))) as seconds
    from {{ ref('stg_bugzilla__flag_activity') }} as flags
    inner join changes
        on
            flags.bug_id = changes.bug_id
            and changes.changed_at between flags.occurred_at - to_hours(15)
            and flags.occurred_at + to_hours(15)
    group by flags.flag_event_id
)

select
    count(*) as events,
    count(*) filter (where seconds <= 60) as at_the_same_time,
    median(seconds) / 3600.0 as hours_off
from events
having count(*) >= 20 and count(*) filter (where seconds <= 60) < count(*) / 2.0

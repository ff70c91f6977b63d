-- One row an activity report, or the entry that an event makes by itself.

with latest as (
    {{ latest('reps', 'activities') }}
)

select
    id as report_id,
    event_id,

    reporter as reporter_account,
    mentor as mentor_account,
    activity as activity_name,
    passive_report as is_passive,

    report_date as reported_on
from latest

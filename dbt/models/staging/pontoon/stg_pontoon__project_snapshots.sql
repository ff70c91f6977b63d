-- One row a project of Pontoon and day on which it was seen, with its strings on that day.

with latest as (
    {{ latest('pontoon', 'project_snapshots') }}
)

select
    slug as project,

    priority,
    visibility,
    system_project as is_system_project,
    disabled as is_disabled,
    total_strings,
    approved_strings,
    pretranslated_strings,
    strings_with_warnings,
    strings_with_errors,
    missing_strings,
    unreviewed_strings,

    seen_on
from latest

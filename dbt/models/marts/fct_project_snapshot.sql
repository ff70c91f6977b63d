-- One row a project of Pontoon and day on which it was seen enabled and public, system projects
-- left out: its strings over all its locales.

select
    project,
    seen_on,

    total_strings,
    approved_strings + strings_with_warnings as complete_strings
from {{ ref('stg_pontoon__project_snapshots') }}
where not is_disabled and not is_system_project and visibility = 'public'

-- One row a project of Pontoon, retired and system projects too.

with latest as (
    {{ latest('pontoon', 'projects') }}
)

select
    slug as project,

    name,
    system_project as is_system_project,
    disabled as is_disabled
from latest

-- One row a locale of Pontoon and day on which it was seen: its strings over all its projects, and
-- its speakers as its record gives them. A project that is disabled leaves these strings between
-- the day on which it was last seen open and the first on which it was seen disabled.

with projects as (
    select
        project,
        is_system_project,
        is_disabled,
        visibility,
        seen_on,
        lag(is_disabled) over (partition by project order by seen_on) as was_disabled,
        lag(visibility) over (partition by project order by seen_on) as was_visibility,
        lag(seen_on) over (partition by project order by seen_on) as previous_on
    from {{ ref('stg_pontoon__project_snapshots') }}
),

broken as (
    select distinct days.seen_on
    from (select distinct seen_on from {{ ref('stg_pontoon__locale_snapshots') }}) as days
    inner join projects
        on
            projects.previous_on < days.seen_on
            and projects.seen_on >= days.seen_on
    where
        projects.is_disabled
        and not projects.was_disabled
        and projects.was_visibility = 'public'
        and not projects.is_system_project
)

select
    snapshots.locale,
    snapshots.seen_on,

    locales.language,
    nullif(snapshots.speakers, 0) as speakers,
    snapshots.total_strings,
    snapshots.approved_strings + snapshots.strings_with_warnings as complete_strings,
    broken.seen_on is not null as is_project_disabled
from {{ ref('stg_pontoon__locale_snapshots') }} as snapshots
inner join {{ ref('dim_locale') }} as locales on snapshots.locale = locales.locale
left join broken on snapshots.seen_on = broken.seen_on

-- One row a locale of Pontoon and day on which it was seen: its strings over all its projects, and
-- its speakers as its record gives them.

select
    snapshots.locale,
    snapshots.seen_on,

    locales.language,
    nullif(snapshots.speakers, 0) as speakers,
    snapshots.total_strings,
    snapshots.approved_strings + snapshots.strings_with_warnings as complete_strings
from {{ ref('stg_pontoon__locale_snapshots') }} as snapshots
inner join {{ ref('dim_locale') }} as locales on snapshots.locale = locales.locale

-- One row a locale of Pontoon and day on which it was seen, with its strings on that day.

with latest as (
    {{ latest('pontoon', 'locale_snapshots') }}
)

select
    code as locale,

    population as speakers,
    total_strings,
    approved_strings,
    pretranslated_strings,
    strings_with_warnings,
    strings_with_errors,
    missing_strings,
    unreviewed_strings,

    seen_on
from latest

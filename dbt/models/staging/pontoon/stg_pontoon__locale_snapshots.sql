-- One row a locale of Pontoon and day on which it was seen, with its strings on that day. A locale
-- that was renamed has the code it has now; of a day on which it was seen under two, the last.

with latest as (
    {{ latest('pontoon', 'locale_snapshots') }}
),

named as (
    select
        latest.*,
        coalesce(codes.current_code, latest.code) as locale,
        row_number() over (
            partition by coalesce(codes.current_code, latest.code), latest.seen_on
            order by latest._fetched_at desc, latest.code asc
        ) as place
    from latest
    left join {{ ref('stg_pontoon__locale_codes') }} as codes on latest.code = codes.code
)

select
    locale,

    population as speakers,
    total_strings,
    approved_strings,
    pretranslated_strings,
    strings_with_warnings,
    strings_with_errors,
    missing_strings,
    unreviewed_strings,

    seen_on
from named
where place = 1

-- One row a code that a locale of Pontoon was seen under: the locale's number, which stays when its
-- code changes, and the code under which it was seen last. A code that two locales had in turn is
-- that of the one seen with it last.

with seen as (
    select
        locale_pk,
        locale,
        max(_fetched_at) as seen_at
    from {{ lake('pontoon', 'user_actions') }}
    where locale_pk is not null and locale is not null
    group by locale_pk, locale
),

ranked as (
    select
        locale_pk,
        locale,
        row_number() over (
            partition by locale_pk
            order by seen_at desc, locale asc
        ) as place_in_locale,
        row_number() over (
            partition by locale
            order by seen_at desc, locale_pk asc
        ) as place_in_code
    from seen
)

select
    ranked.locale as code,

    ranked.locale_pk as locale_id,
    newest.locale as current_code
from ranked
inner join ranked as newest
    on ranked.locale_pk = newest.locale_pk and newest.place_in_locale = 1
where ranked.place_in_code = 1

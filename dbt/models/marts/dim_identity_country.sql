-- One row an identity level, person and term in which a declared country holds: from the day after
-- which it was seen to the next change, by whichever account. The first term reaches back to the
-- beginning and is marked as backfilled (catalogue 0.4).

with observed as (
    select
        identity_level,
        person_id,
        country,
        observed_on
    from (
        select
            identities.identity_level,
            identities.person_id,
            countries.country,
            countries.observed_on,
            row_number() over (
                partition by
                    identities.identity_level, identities.person_id, countries.observed_on
                order by
                    case countries.source when 'reps' then 1 else 2 end asc,
                    countries.country asc
            ) as place
        from {{ ref('int_identity__countries') }} as countries
        inner join {{ ref('dim_identity') }} as identities
            on countries.person_id = identities.member_id
    ) as ranked
    where place = 1
),

changes as (
    select
        identity_level,
        person_id,
        country,
        observed_on,
        lag(country) over (
            partition by identity_level, person_id order by observed_on
        ) as country_before
    from observed
),

terms as (
    select
        identity_level,
        person_id,
        country,
        observed_on,
        lead(observed_on) over (
            partition by identity_level, person_id order by observed_on
        ) as next_on,
        min(observed_on) over (partition by identity_level, person_id) as first_on
    from changes
    where country_before is null or country_before <> country
),

backfilled as (
    select
        identity_level,
        person_id,
        country,
        true as is_backfilled,
        cast('0001-01-01' as date) as seen_from,
        observed_on as seen_until
    from terms
    where observed_on = first_on
    union all
    select
        identity_level,
        person_id,
        country,
        false as is_backfilled,
        observed_on as seen_from,
        coalesce(next_on, cast('9999-12-31' as date)) as seen_until
    from terms
)

select
    backfilled.identity_level,
    backfilled.person_id,

    backfilled.country,
    countries.region,
    backfilled.is_backfilled,

    backfilled.seen_from,
    backfilled.seen_until
from backfilled
inner join {{ ref('countries') }} as countries on backfilled.country = countries.country

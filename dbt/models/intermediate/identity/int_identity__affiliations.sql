-- One row an account and term: what people wrote down of it, else the affiliation that a rule gives
-- it, from valid_from to before valid_to. Of an account that people named, only what they say
-- holds: outside of their terms it is unknown. So is an account without a row: a private address
-- does not make a volunteer. Where two names of one account have terms at the same time, the one
-- that began last holds.

with named as (
    select
        terms.source,
        terms.account,
        terms.affiliation,
        case terms.affiliation when 'staff' then 1 when 'vendor' then 2 else 3 end as nearness,
        terms.valid_from,
        coalesce(terms.valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ of_named_accounts(
        'stg_curated__affiliation', ['affiliation', 'valid_from', 'valid_to']
    ) }} as terms
),

begun as (
    select
        source,
        account,
        affiliation,
        valid_from,
        valid_to
    from (
        select
            source,
            account,
            affiliation,
            valid_from,
            valid_to,
            row_number() over (
                partition by source, account, valid_from
                order by nearness asc, valid_to desc
            ) as place
        from named
    ) as ranked
    where place = 1
),

ordered as (
    select
        source,
        account,
        affiliation,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by source, account order by valid_from) as next_from
    from begun
),

known as (
    select distinct source, account from ordered
)

select
    source,
    account,

    affiliation,
    'curated file' as evidence,

    valid_from,
    least(valid_to, coalesce(next_from, cast('9999-12-31' as date))) as valid_to
from ordered

union all

select
    sightings.source,
    sightings.account,

    rules.affiliation,
    min(rules.evidence) as evidence,

    rules.valid_from,
    coalesce(rules.valid_to, cast('9999-12-31' as date)) as valid_to
from {{ ref('int_identity__sightings') }} as sightings
inner join {{ ref('affiliation_rules') }} as rules
    on
        sightings.source = rules.source
        and sightings.login_class = rules.login_class
left join known
    on
        sightings.source = known.source
        and sightings.account = known.account
where known.account is null
group by
    sightings.source,
    sightings.account,
    rules.affiliation,
    rules.valid_from,
    rules.valid_to

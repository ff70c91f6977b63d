-- One row a pair of accounts and a rule that says they are one person's. Confirmed: people declared
-- or decided it. Probable: the score of what is known of both is above 0.9, and nobody looked yet.
-- A name that more than four accounts claim says nothing. Machines are nobody's.

with actors as (
    select source, account, account_key
    from {{ ref('int_identity__actors') }}
    where not is_bot
),

claims as (
    select rule, name_hash, account_key
    from (
        select
            declared.rule,
            declared.name_hash,
            actors.account_key,
            count(*) over (partition by declared.rule, declared.name_hash) as accounts
        from {{ ref('int_identity__declared') }} as declared
        inner join actors
            on
                declared.source = actors.source
                and declared.account = actors.account
    ) as counted
    where accounts <= {{ var('parameters')['accounts_per_declared_name'] }}
),

links as (
    select
        account_key_1,
        account_key_2,
        'confirmed' as status,
        'decided' as rule,
        1.0 as score,
        decided_on
    from {{ ref('int_identity__decisions') }}
    where decision = 'same'
    union all
    select distinct
        one.account_key as account_key_1,
        other.account_key as account_key_2,
        'confirmed' as status,
        one.rule,
        1.0 as score,
        cast(null as date) as decided_on
    from claims as one
    inner join claims as other
        on
            one.rule = other.rule
            and one.name_hash = other.name_hash
            and one.account_key < other.account_key
    union all
    select
        account_key_1,
        account_key_2,
        'probable' as status,
        'scored' as rule,
        score,
        cast(null as date) as decided_on
    from {{ ref('stg_pipeline__identity_links') }}
    where score > {{ var('parameters')['probable_link_score'] }}
)

select
    first_actors.source as source_1,
    first_actors.account as account_1,
    second_actors.source as source_2,
    second_actors.account as account_2,
    links.account_key_1,
    links.account_key_2,

    links.status,
    links.rule,
    cast(links.score as {{ dbt.type_float() }}) as score,

    links.decided_on
from links
inner join actors as first_actors on links.account_key_1 = first_actors.account_key
inner join actors as second_actors on links.account_key_2 = second_actors.account_key

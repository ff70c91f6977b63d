-- One row an account that has a link: the smallest account key of its person by confirmed links,
-- and by probable ones on top. Links are taken strongest first: decisions, the later ones before
-- the earlier; what people declare; then scores. A link that would join two accounts which people
-- keep apart, make a person of more than twenty accounts or, by its score alone, of two accounts of
-- one system that nothing else joins, is left out (`pipelines/clusters.py`).

with ages as (
    select
        account_key_1 as one,
        account_key_2 as other,
        status,
        score,
        {{ dbt.datediff("cast('1998-01-01' as date)", 'decided_on', 'day') }} as decided_day
    from {{ ref('int_identity__links') }}
),

links as (
    select
        one,
        other,
        status,
        case
            when decided_day is not null then 2 + decided_day / 1e6
            when status = 'confirmed' then 1.5
            else score
        end as strength
    from ages
),

apart as (
    select {{ list_of_rows({'one': 'account_key_1', 'other': 'account_key_2'}) }} as pairs
    from {{ ref('int_identity__decisions') }}
    where decision = 'different'
),

confirmed_links as (
    select {{ list_of_rows({'one': 'one', 'other': 'other', 'strength': 'strength'}) }} as pairs
    from links
    where status = 'confirmed'
),

every_link as (
    select {{ list_of_rows({'one': 'one', 'other': 'other', 'strength': 'strength'}) }} as pairs
    from links
),

confirmed as (
    select {{ rows_of('identity_clusters(confirmed_links.pairs, apart.pairs)') }}
    from confirmed_links
    cross join apart
),

every as (
    select {{ rows_of('identity_clusters(every_link.pairs, apart.pairs)') }}
    from every_link
    cross join apart
)

select
    every.account_key,
    coalesce(confirmed.cluster, every.account_key) as cluster,
    every.cluster as probable_cluster
from every
left join confirmed on every.account_key = confirmed.account_key

-- One row an account of a source: whose it is, and whether a machine uses it. A person's key is
-- the hash of the smallest account key of the cluster: it needs no memory, so a rebuild gives the
-- same, an account without a link keeps its own, and when persons turn out to be one, one of their
-- keys stays.

select
    actors.source,
    actors.account,
    actors.account_key,
    {{ dbt.hash("coalesce(clusters.cluster, actors.account_key)") }} as person_id,
    {{ dbt.hash("coalesce(clusters.probable_cluster, actors.account_key)") }} as probable_person_id,

    actors.is_bot,
    actors.bot_reason
from {{ ref('int_identity__actors') }} as actors
left join {{ ref('int_identity__clusters') }} as clusters
    on actors.account_key = clusters.account_key

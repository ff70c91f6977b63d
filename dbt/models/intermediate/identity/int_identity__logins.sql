-- One row a login: the account it belongs to. Logins change over the years, accounts do not: what
-- was done under an earlier one is the account's too, as long as the account is there.
-- A login seen with two accounts belongs to the one it was seen with last: what a bug's history
-- alone tells of a login is older than any sight of it.

with seen as (
    select 'bugzilla' as source, login, account, observed_at from {{ ref('stg_bugzilla__users') }}
    union all
    select 'bugzilla' as source, setter_login as login, setter_account as account, observed_at
    from {{ ref('stg_bugzilla__flag_activity') }}
    where setter_login is not null and setter_account is not null
    union all
    select 'bugzilla' as source, requestee_login as login, requestee_account as account, observed_at
    from {{ ref('stg_bugzilla__flag_activity') }}
    where requestee_login is not null and requestee_account is not null
    union all
    select 'bugzilla' as source, login, account, held_at as observed_at
    from {{ ref('int_identity__former_logins') }}
    union all
    select 'sumo' as source, versions.username as login, versions.account, versions.observed_at
    from {{ ref('stg_sumo__user_versions') }} as versions
    inner join {{ ref('stg_sumo__users') }} as users on versions.account = users.account
    where versions.username is not null
    union all
    select 'discourse' as source, versions.username as login, versions.account, versions.observed_at
    from {{ ref('stg_discourse__user_versions') }} as versions
    inner join {{ ref('stg_discourse__users') }} as users on versions.account = users.account
    where versions.username is not null
)

select
    source,
    login,
    account
from (
    select
        source,
        login,
        account,
        row_number() over (
            partition by source, login order by observed_at desc, account asc nulls last
        ) as place
    from seen
) as ranked
where place = 1

-- One row an account of a source: whose it is, whether a machine uses it, and the day on which it
-- was created where the source tells (SUMO's profiles).

with profiles as (
    select
        'sumo' as source,
        account,
        joined_at
    from {{ ref('stg_sumo__users') }}
)

select
    accounts.source,
    accounts.account,
    case when not accounts.is_bot then accounts.person_id end as person_id,

    accounts.is_bot,
    accounts.bot_reason,

    cast(profiles.joined_at as date) as created_on
from {{ ref('int_identity__accounts') }} as accounts
left join profiles
    on
        accounts.source = profiles.source
        and accounts.account = profiles.account

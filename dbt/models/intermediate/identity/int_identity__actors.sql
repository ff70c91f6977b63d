-- One row an account of a source: whether a machine uses it. Its key is what clusters are made of.

with sightings as (
    select * from {{ ref('int_identity__sightings') }}
),

listed as (
    select
        sightings.source,
        sightings.account,
        min(known_bots.why) as why
    from sightings
    inner join {{ ref('int_identity__known_bots') }} as known_bots
        on
            sightings.source = known_bots.source
            and known_bots.handle_hash in (sightings.account, sightings.login)
    group by sightings.source, sightings.account
),

judged as (
    select
        sightings.source,
        sightings.account,
        max(case when sightings.login_class = 'machine' then 1 else 0 end) = 1 as has_machine_login,
        max(case when sightings.is_system_user then 1 else 0 end) = 1 as is_system_user
    from sightings
    group by sightings.source, sightings.account
)

select
    judged.source,
    judged.account,
    judged.source || ':' || judged.account as account_key,

    judged.has_machine_login or judged.is_system_user or listed.why is not null as is_bot,
    coalesce(
        listed.why,
        case
            when judged.has_machine_login then 'machine login'
            when judged.is_system_user then 'system user'
        end
    ) as bot_reason
from judged
left join listed
    on
        judged.source = listed.source
        and judged.account = listed.account

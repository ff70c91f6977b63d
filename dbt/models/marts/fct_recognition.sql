-- One row a recognition of a person. Formal: a badge, a role that was given, thanks or a prize in
-- the kept file. Informal: an accepted solution, a translation that another person approved, a
-- helpful vote or a like. Where the source gives no date (`is_dated`) it stands at our first sight
-- of it; `happened_by` is the last instant at which it can have happened. A badge of a system that
-- shows its own grants is one more select here.

with told as (
    select * from {{ ref('int_recognition__pontoon') }}
    union all
    select * from {{ ref('int_recognition__sumo') }}
    union all
    select * from {{ ref('int_recognition__discourse') }}
    union all
    select
        source,
        account,
        recognition as kind,
        true as is_formal,
        true as is_dated,
        area,
        case when recognition = 'badge' then 'unnamed' end as badge,
        cast(null as {{ dbt.type_string() }}) as contribution_id,
        1 as times,
        cast(given_on as {{ dbt.type_timestamp() }}) as recognised_at,
        cast(given_on as {{ dbt.type_timestamp() }}) as happened_by
    from {{ of_named_accounts(
        'stg_curated__recognition', ['recognition', 'area', 'given_on']
    ) }} as kept
    union all
    select
        source,
        account,
        'role_granted' as kind,
        true as is_formal,
        true as is_dated,
        min(area) as area,
        cast(null as {{ dbt.type_string() }}) as badge,
        cast(null as {{ dbt.type_string() }}) as contribution_id,
        1 as times,
        cast(valid_from as {{ dbt.type_timestamp() }}) as recognised_at,
        cast(valid_from as {{ dbt.type_timestamp() }}) as happened_by
    from {{ ref('fct_role') }}
    where is_start_known
    group by source, account, role, valid_from
)

select
    coalesce(accounts.person_id, {{ dbt.hash("told.source || ':' || told.account") }}) as person_id,
    told.contribution_id,

    told.source,
    told.kind,
    told.area,
    told.badge,
    told.is_formal,
    told.is_dated,
    cast(told.times as bigint) as times,

    told.recognised_at,
    cast(told.recognised_at as date) as recognised_on,
    told.happened_by
from told
left join {{ ref('int_identity__accounts') }} as accounts
    on
        told.source = accounts.source
        and told.account = accounts.account
where not coalesce(accounts.is_bot, false)

-- One row a person, account, role, scope and term [valid_from, valid_to): what the kept file says;
-- for a system of which it says nothing, what our own reads of the system saw. valid_to is the end
-- of time while the role is held.

with leads as (
    {{ leading_roles() }}
),

kept as (
    select source, account, role, scope_type, scope, is_start_known, valid_from, valid_to
    from {{ of_named_accounts(
        'stg_curated__roles',
        ['role', 'scope_type', 'scope', 'is_start_known', 'valid_from', 'valid_to']
    ) }} as roles
),

told as (
    select * from kept
    union all
    select
        source,
        account,
        role,
        'all' as scope_type,
        'all' as scope,
        is_start_known,
        valid_from,
        valid_to
    from {{ ref('int_role__snapshots') }}
    where source not in (select source from kept)
)

select
    coalesce(accounts.person_id, {{ dbt.hash("told.source || ':' || told.account") }}) as person_id,
    told.account,

    told.source,
    told.role,
    leads.area,
    leads.role is not null as is_leadership,
    told.scope_type,
    told.scope,
    told.is_start_known,

    told.valid_from,
    coalesce(told.valid_to, cast('9999-12-31' as date)) as valid_to
from told
left join {{ ref('int_identity__accounts') }} as accounts
    on
        told.source = accounts.source
        and told.account = accounts.account
left join leads
    on
        told.source = leads.source
        and told.role = leads.role
where not coalesce(accounts.is_bot, false)

-- One row an identity level, person, leading role and scope that is held at D, the end of a month:
-- since when, when the person first led anything, what the person is and when it was last active.
-- `is_away`: told us so. Only where the roles of the system are known at D.

with ends as (
    select period_end, cast(period_end as date) as ends_on
    from {{ ref('dim_period') }}
    where grain = 'month'
),

-- Who leads by an account that was never seen is nobody else at either level.
led as (
    select
        levels.identity_level,
        coalesce(identities.person_id, roles.person_id) as person_id,
        roles.source,
        roles.role,
        roles.area,
        roles.scope_type,
        roles.scope,
        roles.is_start_known,
        roles.valid_from,
        roles.valid_to
    from {{ ref('fct_role') }} as roles
    cross join {{ identity_levels() }} as levels
    left join {{ ref('dim_identity') }} as identities
        on
            levels.identity_level = identities.identity_level
            and roles.person_id = identities.member_id
    where roles.is_leadership
),

-- Who led at an unknown date before is not new to it.
firsts as (
    select
        identity_level,
        person_id,
        min(valid_from) as first_led_on,
        min(case when is_start_known then valid_from else cast('0001-01-01' as date) end)
            as first_led_after
    from led
    group by identity_level, person_id
),

-- Terms that follow one another without a day between them, or overlap, are one.
begun as (
    select
        led.*,
        case
            when
                valid_from <= max(valid_to) over (
                    partition by identity_level, person_id, source, role, scope_type, scope
                    order by valid_from, valid_to
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_begin
    from led
),

stretches as (
    select
        begun.*,
        sum(is_begin) over (
            partition by identity_level, person_id, source, role, scope_type, scope
            order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as stretch
    from begun
),

terms as (
    select
        identity_level,
        person_id,
        source,
        role,
        area,
        scope_type,
        scope,
        min(valid_from) as held_from,
        max(valid_to) as held_to
    from stretches
    group by identity_level, person_id, source, role, area, scope_type, scope, stretch
),

held as (
    select
        terms.identity_level,
        terms.person_id,
        ends.period_end,
        ends.ends_on,
        terms.source,
        terms.role,
        terms.area,
        terms.scope_type,
        terms.scope,
        terms.held_from
    from terms
    inner join ends on terms.held_from <= ends.ends_on and terms.held_to > ends.ends_on
),

holders as (
    select distinct
        held.identity_level,
        held.person_id,
        held.period_end,
        held.ends_on,
        accounts.source,
        accounts.account
    from held
    inner join {{ ref('dim_identity') }} as identities
        on
            held.identity_level = identities.identity_level
            and held.person_id = identities.person_id
    inner join {{ ref('int_identity__accounts') }} as accounts
        on identities.member_id = accounts.person_id
),

affiliated as (
    select
        holders.identity_level,
        holders.person_id,
        holders.period_end,
        min(
            case affiliations.affiliation
                when 'staff' then 1 when 'vendor' then 2 when 'volunteer' then 3 else 4
            end
        ) as affiliation_rank
    from holders
    inner join {{ ref('int_identity__affiliations') }} as affiliations
        on
            holders.source = affiliations.source
            and holders.account = affiliations.account
            and holders.ends_on >= affiliations.valid_from
            and holders.ends_on < affiliations.valid_to
    group by holders.identity_level, holders.person_id, holders.period_end
),

away as (
    select distinct
        holders.identity_level,
        holders.person_id,
        holders.period_end
    from holders
    inner join {{ of_named_accounts(
        'stg_curated__unavailable', ['valid_from', 'valid_to']
    ) }} as absences
        on
            holders.source = absences.source
            and holders.account = absences.account
            and holders.ends_on >= absences.valid_from
            and holders.ends_on < coalesce(absences.valid_to, cast('9999-12-31' as date))
)

select
    held.identity_level,
    held.person_id,
    held.period_end,

    held.source,
    held.role,
    held.area,
    held.scope_type,
    held.scope,
    case affiliated.affiliation_rank
        when 1 then 'staff' when 2 then 'vendor' when 3 then 'volunteer' else 'unknown'
    end as affiliation,
    coalesce(countries.region, 'unknown') as region,
    away.person_id is not null as is_away,
    {{ dbt.datediff('held.held_from', 'held.ends_on', 'day') }} as held_days,
    {{ dbt.datediff('levels.last_active_on', 'held.ends_on', 'day') }} as silent_days,

    held.held_from,
    firsts.first_led_on,
    firsts.first_led_after
from held
inner join firsts
    on
        held.identity_level = firsts.identity_level
        and held.person_id = firsts.person_id
left join affiliated
    on
        held.identity_level = affiliated.identity_level
        and held.person_id = affiliated.person_id
        and held.period_end = affiliated.period_end
left join away
    on
        held.identity_level = away.identity_level
        and held.person_id = away.person_id
        and held.period_end = away.period_end
left join {{ ref('fct_identity_level') }} as levels
    on
        held.identity_level = levels.identity_level
        and held.person_id = levels.person_id
        and held.period_end = levels.period_end
        and levels.area = 'all'
left join {{ ref('dim_identity_country') }} as countries
    on
        held.identity_level = countries.identity_level
        and held.person_id = countries.person_id
        and countries.seen_from < held.ends_on
        and countries.seen_until >= held.ends_on

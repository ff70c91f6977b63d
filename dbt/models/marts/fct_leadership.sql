-- One row a person, leading role and scope that is held at D, the end of a month: since when, when
-- the person first led anything, what the person is and when it was last active. `is_away`: told us
-- so. Only where the roles of the system are known at D.

with ends as (
    select period_end, cast(period_end as date) as ends_on
    from {{ ref('dim_period') }}
    where grain = 'month'
),

led as (
    select * from {{ ref('fct_role') }} where is_leadership
),

-- Who led at an unknown date before is not new to it.
firsts as (
    select
        person_id,
        min(valid_from) as first_led_on,
        min(case when is_start_known then valid_from else cast('0001-01-01' as date) end)
            as first_led_after
    from led
    group by person_id
),

held as (
    select
        led.person_id,
        ends.period_end,
        ends.ends_on,
        led.source,
        led.role,
        led.area,
        led.scope_type,
        led.scope,
        min(led.valid_from) as held_from
    from led
    inner join ends on led.valid_from <= ends.ends_on and led.valid_to > ends.ends_on
    group by
        led.person_id,
        ends.period_end,
        ends.ends_on,
        led.source,
        led.role,
        led.area,
        led.scope_type,
        led.scope
),

affiliated as (
    select
        held.person_id,
        held.period_end,
        min(
            case affiliations.affiliation
                when 'staff' then 1 when 'vendor' then 2 when 'volunteer' then 3 else 4
            end
        ) as affiliation_rank
    from (select distinct person_id, period_end, ends_on from held) as held
    inner join {{ ref('int_identity__accounts') }} as accounts
        on held.person_id = accounts.person_id
    inner join {{ ref('int_identity__affiliations') }} as affiliations
        on
            accounts.source = affiliations.source
            and accounts.account = affiliations.account
            and held.ends_on >= affiliations.valid_from
            and held.ends_on < affiliations.valid_to
    group by held.person_id, held.period_end
),

away as (
    select distinct
        held.person_id,
        held.period_end
    from held
    inner join {{ ref('int_identity__accounts') }} as accounts
        on held.person_id = accounts.person_id
    inner join {{ ref('stg_curated__unavailable') }} as absences
        on
            accounts.source = absences.source
            and accounts.account = absences.account
            and held.ends_on >= absences.valid_from
            and held.ends_on < coalesce(absences.valid_to, cast('9999-12-31' as date))
)

select
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
inner join firsts on held.person_id = firsts.person_id
left join affiliated
    on
        held.person_id = affiliated.person_id
        and held.period_end = affiliated.period_end
left join away
    on
        held.person_id = away.person_id
        and held.period_end = away.period_end
left join {{ ref('fct_contributor_level') }} as levels
    on
        held.person_id = levels.person_id
        and held.period_end = levels.period_end
        and levels.area = 'all'
left join {{ ref('dim_person_country') }} as countries
    on
        held.person_id = countries.person_id
        and countries.seen_from < held.ends_on
        and countries.seen_until >= held.ends_on

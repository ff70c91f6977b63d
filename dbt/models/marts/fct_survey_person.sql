-- One row a survey wave and person who contributed in the 90 days before it opened: whom the survey
-- is about, whether or not they were invited. Level, affiliation and region are those of the day it
-- opened. Invitations that did not arrive count as none.

{% set window = var('parameters')['level_window_days'] %}
{% set third = var('parameters')['level_third_days'] %}
with waves as (
    select wave, starts_on, ends_on from {{ ref('stg_survey__waves') }}
),

days as (
    select
        waves.wave,
        waves.starts_on,
        waves.ends_on,
        ways.person_id,
        ways.affiliation,
        coalesce(ways.next_on, cast('9999-12-31' as date)) >= waves.starts_on as is_last,
        {{ dbt.datediff('ways.occurred_on', 'waves.starts_on', 'day') }} as days_before
    from waves
    inner join {{ ref('fct_active_day') }} as ways
        on
            ways.occurred_on >= cast({{ dbt.dateadd('day', -window, 'waves.starts_on') }} as date)
            and ways.occurred_on < waves.starts_on
    where ways.identity_level = 'confirmed' and ways.area = 'all'
),

active as (
    select
        wave,
        starts_on,
        ends_on,
        person_id,
        max(case when is_last then affiliation end) as affiliation,
        count(*) as active_days,
        max(case when days_before <= {{ third }} then 1 else 0 end)
        + max(
            case when days_before > {{ third }} and days_before <= {{ 2 * third }} then 1 else 0 end
        )
        + max(case when days_before > {{ 2 * third }} then 1 else 0 end) as active_thirds
    from days
    group by wave, starts_on, ends_on, person_id
),

invited as (
    select
        invitations.wave,
        accounts.person_id,
        max(case when invitations.is_delivered then 1 else 0 end) as is_delivered
    from {{ ref('stg_survey__invitations') }} as invitations
    left join {{ ref('int_identity__logins') }} as logins
        on
            invitations.source = logins.source
            and invitations.account = logins.login
    inner join {{ ref('int_identity__accounts') }} as accounts
        on
            invitations.source = accounts.source
            and accounts.account = coalesce(logins.account, invitations.account)
    group by invitations.wave, accounts.person_id
),

completed as (
    select distinct wave, person_id from {{ ref('fct_survey_answer') }} where is_complete
)

select
    active.wave,
    active.person_id,

    coalesce(countries.region, 'unknown') as region,
    case
        when
            active.active_thirds = 3
            and active.active_days >= {{ var('parameters')['core_active_days'] }}
            then 'core'
        when
            active.active_thirds >= 2
            and active.active_days >= {{ var('parameters')['regular_active_days'] }}
            then 'regular'
        when active.active_days >= {{ var('parameters')['core_active_days'] }} then 'regular'
        else 'casual'
    end as level,
    active.affiliation,
    coalesce(invited.is_delivered, 0) = 1 as is_delivered,
    coalesce(invited.is_delivered, 0) = 1 and completed.person_id is not null as is_completed,

    active.starts_on,
    active.ends_on
from active
left join invited
    on
        active.wave = invited.wave
        and active.person_id = invited.person_id
left join completed
    on
        active.wave = completed.wave
        and active.person_id = completed.person_id
left join {{ ref('dim_person_country') }} as countries
    on
        active.person_id = countries.person_id
        and countries.seen_from < active.starts_on
        and countries.seen_until >= active.starts_on

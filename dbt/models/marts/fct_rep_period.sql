-- One row a Rep and end of a month D at which it is one since four weeks at least: what it reported
-- in them. `is_survivor`: D is before our first read of any profile, so that who had left before is
-- missing.

{% set days = var('parameters')['reps_report_days'] %}
with ends as (
    select period_end, cast(period_end as date) as ends_on
    from {{ ref('dim_period') }}
    where grain = 'month'
),

reps as (
    select
        person_id,
        min(joined_on) as joined_on,
        max(coalesce(left_on, cast('9999-12-31' as date))) as left_on,
        max(case when has_mentor then 1 else 0 end) = 1 as has_mentor
    from {{ ref('dim_rep') }}
    where joined_on is not null
    group by person_id
),

watch as (
    select min(seen_from) as seen_from from {{ ref('dim_rep') }}
),

reports as (
    select
        ends.period_end,
        facts.person_id,
        count(*) as reports
    from ends
    inner join {{ ref('fct_contribution') }} as facts
        on
            facts.event_type = 'reps_report'
            and facts.occurred_on < ends.ends_on
            and facts.occurred_on
            >= cast({{ dbt.dateadd('day', -days, 'ends.period_end') }} as date)
    group by ends.period_end, facts.person_id
),

away as (
    select distinct
        ends.period_end,
        accounts.person_id
    from ends
    inner join {{ of_named_accounts(
        'stg_curated__unavailable', ['valid_from', 'valid_to']
    ) }} as absences
        on
            ends.ends_on >= absences.valid_from
            and ends.ends_on < coalesce(absences.valid_to, cast('9999-12-31' as date))
    inner join {{ ref('int_identity__accounts') }} as accounts
        on
            absences.source = accounts.source
            and absences.account = accounts.account
)

select
    reps.person_id,
    ends.period_end,

    countries.country,
    reps.has_mentor,
    away.person_id is not null as is_away,
    ends.ends_on < watch.seen_from as is_survivor,
    cast(coalesce(reports.reports, 0) as bigint) as reports
from ends
inner join reps
    on
        reps.joined_on <= cast({{ dbt.dateadd('day', -days, 'ends.period_end') }} as date)
        and reps.left_on > ends.ends_on
cross join watch
left join reports
    on
        reps.person_id = reports.person_id
        and ends.period_end = reports.period_end
left join away
    on
        reps.person_id = away.person_id
        and ends.period_end = away.period_end
left join {{ ref('dim_person_country') }} as countries
    on
        reps.person_id = countries.person_id
        and countries.seen_from < ends.ends_on
        and countries.seen_until >= ends.ends_on

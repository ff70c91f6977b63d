-- Reps by level as the portal's own pages told it, to reconcile with them: core with four reports
-- and more within two weeks before or after the end of the week, active with fewer, casual with
-- none of these but one within four weeks, inactive without. Automatic reports and later ones
-- count, and only those who are Reps now.

with periods as (
    select grain, period_start, period_end, state
    from {{ ref('fct_source_period') }}
    where source = 'reps' and grain = 'week' and state <> 'not_begun'
),

members as (
    select distinct person_id from {{ ref('dim_rep') }} where left_on is null
),

reports as (
    select
        periods.period_end,
        reports.person_id,
        count(*) filter (
            where reports.reported_on between periods.period_end::date - 14
            and periods.period_end::date + 14
        ) as near_reports
    from periods
    inner join {{ ref('fct_rep_report') }} as reports
        on
            reports.reported_on >= periods.period_end::date - 28
            and reports.reported_on <= periods.period_end::date + 28
    group by periods.period_end, reports.person_id
),

levels as (
    select
        periods.period_end,
        case
            when reports.near_reports >= 4 then 'core'
            when reports.near_reports >= 1 then 'active'
            when reports.near_reports = 0 then 'casual'
            else 'inactive'
        end as level
    from periods
    cross join members
    left join reports using (period_end, person_id)
),

counted as (
    select period_end, level, count(*) as persons
    from levels
    group by period_end, level
),

measured as (
    select
        periods.*,
        kinds.level,
        case when periods.state <> 'missing' then coalesce(counted.persons, 0) end as persons
    from periods
    cross join (select unnest(['core', 'active', 'casual', 'inactive']) as level) as kinds
    left join counted using (period_end, level)
)

select
    grain,
    period_start,
    period_end,
    level as category,

    persons::double as value,
    null::double as numerator,
    null::double as denominator,
    persons,
    persons as smallest_group,
    case when persons is null then 'unavailable' else state end as status,
    {{ flags_of({'source_missing': "state = 'missing'"}) }} as flags
from measured

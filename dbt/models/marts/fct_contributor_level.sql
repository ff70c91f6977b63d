-- One row a person and end of a month D: the activity level from the 90 days before D, over all
-- areas (catalogue 0.3). Persons without an active day in them have no row.

{% set window = var('parameters')['level_window_days'] %}
{% set third = var('parameters')['level_third_days'] %}
with days as (
    select distinct
        periods.period_end,
        active.person_id,
        active.occurred_on,
        {{ dbt.datediff('active.occurred_on', 'periods.period_end', 'day') }} as days_before
    from {{ ref('dim_period') }} as periods
    inner join {{ ref('fct_contributor_day') }} as active
        on
            active.area = 'all'
            and active.occurred_on
            >= cast({{ dbt.dateadd('day', -window, 'periods.period_end') }} as date)
            and active.occurred_on < cast(periods.period_end as date)
    where periods.grain = 'month'
),

summed as (
    select
        period_end,
        person_id,
        count(*) as active_days,
        max(case when days_before <= {{ third }} then 1 else 0 end)
        + max(
            case when days_before > {{ third }} and days_before <= {{ 2 * third }} then 1 else 0 end
        )
        + max(case when days_before > {{ 2 * third }} then 1 else 0 end) as active_thirds
    from days
    group by period_end, person_id
)

select
    person_id,
    period_end,

    active_days,
    active_thirds,
    case
        when active_thirds = 3 and active_days >= {{ var('parameters')['core_active_days'] }}
            then 'core'
        when active_thirds >= 2 and active_days >= {{ var('parameters')['regular_active_days'] }}
            then 'regular'
        when active_days >= {{ var('parameters')['core_active_days'] }} then 'regular'
        else 'casual'
    end as level
from summed

-- One row a person, end of a month D, area (`all`: any) and population: active days in the year
-- before D.

select
    active.person_id,
    periods.period_start,
    periods.period_end,
    active.area,
    populations.population,

    count(distinct active.occurred_on) as active_days,
    max(case when active.affiliation = 'unknown' then 1 else 0 end) = 1 as is_affiliation_unknown
from {{ ref('dim_period') }} as periods
inner join {{ ref('fct_contributor_day') }} as active
    on
        active.occurred_on >= cast(periods.period_start as date)
        and active.occurred_on < cast(periods.period_end as date)
inner join {{ ref('dim_population') }} as populations
    on active.affiliation = populations.affiliation
where periods.grain = 'trailing_{{ var("parameters")["contributor_window_days"] }}d'
group by
    active.person_id,
    periods.period_start,
    periods.period_end,
    active.area,
    populations.population

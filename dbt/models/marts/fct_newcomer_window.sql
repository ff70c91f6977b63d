-- One row an identity level, newcomer and window [first + from_day, first + to_day): whether they
-- contributed in it, in any area or in the area of their first day. It says nothing of whether the
-- window is over: cohorts are told once all of theirs are.

with windows as (
    {% for from_day, to_day in var('parameters')['retention_windows_days'] %}
        select {{ from_day }} as from_day, {{ to_day }} as to_day
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select
    newcomers.identity_level,
    newcomers.person_id,
    windows.from_day,
    windows.to_day,

    max(case when days.area = 'all' then 1 else 0 end) = 1 as is_retained,
    max(case when days.area = newcomers.first_area then 1 else 0 end) = 1 as is_retained_in_area
from {{ ref('fct_newcomer') }} as newcomers
cross join windows
left join {{ ref('fct_active_day') }} as days
    on
        newcomers.identity_level = days.identity_level
        and newcomers.person_id = days.person_id
        and newcomers.first_on < days.occurred_on
        and {{ dbt.datediff('newcomers.first_on', 'days.occurred_on', 'day') }} >= windows.from_day
        and {{ dbt.datediff('newcomers.first_on', 'days.occurred_on', 'day') }} < windows.to_day
group by
    newcomers.identity_level,
    newcomers.person_id,
    windows.from_day,
    windows.to_day

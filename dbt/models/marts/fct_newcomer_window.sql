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
),

-- Joined on the person first: a left join that compares two dates would be a nested loop.
followed as (
    select
        newcomers.identity_level,
        newcomers.person_id,
        newcomers.first_area,
        days.area,
        {{ dbt.datediff('newcomers.first_on', 'days.occurred_on', 'day') }} as days_after
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('fct_active_day') }} as days
        on
            newcomers.identity_level = days.identity_level
            and newcomers.person_id = days.person_id
            and newcomers.first_on < days.occurred_on
),

retained as (
    select
        followed.identity_level,
        followed.person_id,
        windows.from_day,
        windows.to_day,
        max(case when followed.area = 'all' then 1 else 0 end) as in_any,
        max(case when followed.area = followed.first_area then 1 else 0 end) as in_same
    from followed
    inner join windows
        on
            followed.days_after >= windows.from_day
            and followed.days_after < windows.to_day
    group by
        followed.identity_level,
        followed.person_id,
        windows.from_day,
        windows.to_day
)

select
    newcomers.identity_level,
    newcomers.person_id,
    windows.from_day,
    windows.to_day,

    coalesce(retained.in_any, 0) = 1 as is_retained,
    coalesce(retained.in_same, 0) = 1 as is_retained_in_area
from {{ ref('fct_newcomer') }} as newcomers
cross join windows
left join retained
    on
        newcomers.identity_level = retained.identity_level
        and newcomers.person_id = retained.person_id
        and windows.from_day = retained.from_day
        and windows.to_day = retained.to_day

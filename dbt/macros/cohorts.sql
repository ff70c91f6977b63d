{# What beginnings share: which cohorts can be told, when people began, who is new, what a month is to somebody. #}

{#
    Every closed period of the grains, area of the first contribution (`all`: any) and population.
    Who is new, and who stays, is told over all areas: so the status is theirs, unless the area itself
    cannot be measured. `known_until`: how far everything is known that feeds any area. only_due: of a
    metric with `parts`.
#}
{% macro cohort_slices(grains, populations, only_due=false) -%}
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.area,
        slices.population,
        case when slices.status = 'unavailable' then slices.status else whole.status end as status,
        whole.is_source_missing,
        whole.is_newness_known,
        horizons.known_until
    from ({{ area_slices(grains, populations, only_due) }}) as slices
    inner join {{ ref('fct_area_period') }} as whole
        on
            slices.grain = whole.grain
            and slices.period_start = whole.period_start
            and slices.period_end = whole.period_end
            and whole.area = 'all'
    inner join {{ ref('dim_area_horizon') }} as horizons on horizons.area = 'all'
{%- endmacro %}

{#
    What a month is in the way of whoever was active in it: the first there (`is_new`), the first of all
    (`is_new_to_mozilla`), a return after a long silence (`is_reactivated`), or one of a row. previous_on:
    the last active day before the month. Nobody who is left-censored is new. For use in a select list.
#}
{% macro month_in_way(period_start, previous_on, first_on, is_left_censored) -%}
    {{ previous_on }} is null and not {{ is_left_censored }} as is_new,
    {{ first_on }} >= cast({{ period_start }} as date)
    and not {{ is_left_censored }} as is_new_to_mozilla,
    not ({{ previous_on }} is null and not {{ is_left_censored }})
    and (
        {{ previous_on }} is null
        or {{ previous_on }} < cast(
            {{ dbt.dateadd('day', -var('parameters')['reactivation_days'], period_start) }} as date
        )
    ) as is_reactivated
{%- endmacro %}

{# One row an identity level and person: when that person began, and whether this is known to be the beginning. #}
{% macro people_of_levels() -%}
    select distinct
        identity_level,
        person_id,
        first_contribution_on,
        is_left_censored
    from {{ ref('dim_identity') }}
{%- endmacro %}

{#
    Whether what is seen as somebody's first contribution may not have been the first (left-censored): it lies
    within the first year that is loaded of a source whose beginning is not. `source`: a row of dim_source that
    the person, or any account of theirs, contributed to.
#}
{% macro may_not_be_first(first_on, source) -%}
    {{ source }}.has_unknown_past
    and {{ first_on }} >= cast({{ source }}.loaded_from as date)
    and {{ first_on }} < cast({{ source }}.newness_known_from as date)
{%- endmacro %}

{#
    Whether somebody began less than 90 days before an instant, or on its day; never one whose beginning cannot
    be told. `person`: a row of dim_person or dim_identity.
#}
{% macro is_newcomer(person, instant) -%}
    coalesce(
        not {{ person }}.is_left_censored
        and {{ person }}.first_contribution_on <= cast({{ instant }} as date)
        and {{ dbt.datediff(
            person ~ '.first_contribution_on', 'cast(' ~ instant ~ ' as date)', 'day'
        ) }} < {{ var('parameters')['newcomer_days'] }},
        false
    )
{%- endmacro %}

{# The two identity levels, one row each: for use as a subquery. #}
{% macro identity_levels() -%}
    (
        select 'confirmed' as identity_level
        union all
        select 'probable' as identity_level
    )
{%- endmacro %}

{#
    What a metric of persons is measured for, whether or not anybody was there: every closed period of
    the grains, every area that can be measured, every population. Zero and null start here. only_due: of a
    metric with `parts`.
#}
{% macro area_slices(grains, populations, only_due=false) -%}
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.area,
        populations.population,
        periods.status,
        periods.is_source_missing,
        periods.is_newness_known
    from {{ ref('fct_area_period') }} as periods
    cross join (select unnest(['{{ populations | join("', '") }}']) as population) as populations
    where
        periods.grain in ('{{ grains | join("', '") }}')
        {%- if only_due %} and {{ due('periods.period_end') }}{% endif %}
{%- endmacro %}

{# The smaller of two groups of persons, a group of nobody left aside: nobody can be singled out in it. #}
{% macro smaller_group(one, other) -%}
    coalesce(least(nullif({{ one }}, 0), nullif({{ other }}, 0)), 0)
{%- endmacro %}

{# The place of an area in the catalogue's table, by which ties between areas are resolved. #}
{% macro area_place(column) -%}
    case {{ column }}
        {%- for area in var('parameters')['areas'] %}
        when '{{ area }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{#
    The periods of a grain with the state of the `days` days before their end, by area: for what looks
    back further than its period, or less far. only_due: of a metric with `parts`.
#}
{% macro window_slices(grain, days, populations, only_due=false) -%}
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        windows.area,
        populations.population,
        windows.status,
        windows.is_source_missing,
        windows.is_newness_known
    from {{ ref('dim_period') }} as periods
    inner join {{ ref('fct_area_period') }} as windows
        on
            periods.period_end = windows.period_end
            and windows.grain = 'trailing_{{ days }}d'
    cross join (select unnest(['{{ populations | join("', '") }}']) as population) as populations
    where
        periods.grain = '{{ grain }}'
        {%- if only_due %} and {{ due('periods.period_end') }}{% endif %}
{%- endmacro %}

{#
    The months of one area that are over, with the state of the `days` days before their end. A month that
    the area itself does not tell is not there, even where its window is.
#}
{% macro months_looking_back(area, days) -%}
    select
        months.grain,
        months.period_start,
        months.period_end,
        windows.status,
        windows.is_source_missing
    from {{ ref('fct_area_period') }} as months
    inner join {{ ref('fct_area_period') }} as windows
        on months.period_end = windows.period_end and months.area = windows.area
    where
        months.grain = 'month'
        and months.area = '{{ area }}'
        and windows.grain = 'trailing_{{ days }}d'
{%- endmacro %}

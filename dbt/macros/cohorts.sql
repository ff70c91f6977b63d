{# What metrics of newcomers share: which cohorts can be told, and the order that breaks ties of areas. #}

{#
    Every closed period of the grains, area of the first contribution (`all`: any) and population.
    Who is new, and who stays, is told over all areas: so the status is theirs, unless the area itself
    cannot be measured. `known_until`: how far everything is known that feeds any area.
#}
{% macro cohort_slices(grains, populations) -%}
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
    from ({{ area_slices(grains, populations) }}) as slices
    inner join {{ ref('fct_area_period') }} as whole
        on
            slices.grain = whole.grain
            and slices.period_start = whole.period_start
            and slices.period_end = whole.period_end
            and whole.area = 'all'
    inner join {{ ref('dim_area_horizon') }} as horizons on horizons.area = 'all'
{%- endmacro %}

{# Place of an area in the catalogue's table, which breaks ties. #}
{% macro area_position(area) -%}
    case {{ area }}
        when 'quality' then 1 when 'code' then 2 when 'localization' then 3
        when 'knowledge_base' then 4 when 'support' then 5 when 'mobilizing' then 6
        when 'community_forum' then 7 else 8
    end
{%- endmacro %}

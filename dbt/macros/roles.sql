{# The roles that lead, one row each with the area they lead in: for use as a subquery. #}
{% macro leading_roles() -%}
    {%- set rows = [] -%}
    {%- for system, roles in var('parameters')['leadership_roles'] | dictsort -%}
        {%- for role, area in roles | dictsort -%}
            {%- do rows.append(
                "select '" ~ system ~ "' as source, '" ~ role ~ "' as role, '" ~ area ~ "' as area"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows | join('\n    union all\n    ') }}
{%- endmacro %}

{# What DuckDB and Spark say differently; everything else up to the marts is common SQL. #}

{# One row a step from `first` to `last`, both included: for use in a select list. #}
{% macro date_series(first, last, step) -%}
    {{ return(adapter.dispatch('date_series', 'mdm')(first, last, step)) }}
{%- endmacro %}

{% macro default__date_series(first, last, step) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval {{ '3 month' if step == 'quarter' else '1 ' ~ step }}))
{%- endmacro %}

{% macro spark__date_series(first, last, step) -%}
    explode(sequence({{ first }}, {{ last }}, interval {{ '3 month' if step == 'quarter' else '1 ' ~ step }}))
{%- endmacro %}

{# The name under which a country is looked up: as `key_of` in seeds/make_reference.py writes it. #}
{% macro country_key(name) -%}
    trim(replace(replace(lower({{ name }}), '’', ''''), '&', 'and'))
{%- endmacro %}

{# One row a match of the first group of `pattern` (no backslashes in it): for use in a select list. #}
{% macro each_match(column, pattern) -%}
    {{ return(adapter.dispatch('each_match', 'mdm')(column, pattern)) }}
{%- endmacro %}

{% macro default__each_match(column, pattern) -%}
    unnest(regexp_extract_all({{ column }}, '{{ pattern }}', 1))
{%- endmacro %}

{% macro spark__each_match(column, pattern) -%}
    explode(regexp_extract_all({{ column }}, '{{ pattern }}', 1))
{%- endmacro %}

{# Elapsed hours between two instants, to the microsecond. #}
{% macro hours_between(first, last) -%}
    {{ dbt.datediff(first, last, 'microsecond') }} / 3600000000.0
{%- endmacro %}

{# All rows as one list of structs, in no particular order. columns: name in the struct -> expression. #}
{% macro list_of_rows(columns) -%}
    {{ return(adapter.dispatch('list_of_rows', 'mdm')(columns)) }}
{%- endmacro %}

{% macro default__list_of_rows(columns) -%}
    list(struct_pack({% for name, value in columns.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{% macro spark__list_of_rows(columns) -%}
    collect_list(named_struct({% for name, value in columns.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{# One row an element of a list of structs, its fields as columns: for use as a select list. #}
{% macro rows_of(list) -%}
    {{ return(adapter.dispatch('rows_of', 'mdm')(list)) }}
{%- endmacro %}

{% macro default__rows_of(list) -%}
    unnest({{ list }}, recursive := true)
{%- endmacro %}

{% macro spark__rows_of(list) -%}
    inline({{ list }})
{%- endmacro %}

{# One row an element of a list column: for use in a select list. #}
{% macro each_of(column) -%}
    {{ return(adapter.dispatch('each_of', 'mdm')(column)) }}
{%- endmacro %}

{% macro default__each_of(column) -%}
    unnest({{ column }})
{%- endmacro %}

{% macro spark__each_of(column) -%}
    explode({{ column }})
{%- endmacro %}

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

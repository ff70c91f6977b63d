{#
    What DuckDB and Spark say differently, one macro a difference. In here: what staging, intermediate and
    marts need and no SQL says that both take. Not in here: what only the metrics use, which stay on DuckDB.

    What needs no macro, only care (`tests/dbt/test_portable.py` finds it): no `qualify`, `::`, `[...]` nor
    name in double quotes (`adapter.quote`); `string` is a type of both, `varchar` is not; a number with a
    point is a decimal in Spark, and a division by it loses digits: `24e0`. What no test finds: in an
    ascending order null comes last in DuckDB and first in Spark. So whatever may be null there says
    `nulls last`.
#}

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
    {{ dbt.datediff(first, last, 'microsecond') }} / 3.6e9
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

{#
    Three of dbt's own macros, in place of dbt-spark's (`dispatch` in dbt_project.yml): its `dateadd` drops the
    parts of a second, its `datediff` is null for microseconds of a whole second, its `listagg` has no order.
#}

{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{% macro spark__datediff(first_date, second_date, datepart) -%}
    {%- if datepart == 'day' -%}
        cast(datediff({{ second_date }}, {{ first_date }}) as bigint)
    {%- elif datepart == 'microsecond' -%}
        timestampdiff(microsecond, {{ first_date }}, {{ second_date }})
    {%- else -%}
        {{ exceptions.raise_compiler_error("no datediff of a " ~ datepart ~ " on Spark, see macros/engines.sql") }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
    array_join(
        transform(
            array_sort(collect_list(struct({{ order_by_clause | replace('order by ', '') }}, {{ measure }} as one))),
            listed -> listed.one
        ),
        {{ delimiter_text }}
    )
{%- endmacro %}

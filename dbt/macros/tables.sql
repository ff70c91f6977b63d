{#
    How tables come to be. A table is made anew only when something is new of what it is made from: its
    own SQL and contract, the project's functions in DuckDB, the contents of the tables or the files that
    it reads. A table that was made anew with the same contents as before leaves those that read it as
    they are.

    A table's label is its comment: `<recipe> <contents>`, two hashes. It is written in the transaction
    that makes the table, so that it says of no other table what it was made from; a table without a
    label (a seed, one that was made by hand) has no known contents. `--full-refresh` makes all anew.
#}
{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set recipe, is_as_it_is = mdm.recipe(compiled_code) -%}

    {%- if existing_relation is not none and not existing_relation.is_table -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- elif existing_relation is not none and is_as_it_is and not should_full_refresh() -%}
        {%- do store_raw_result('main', message='unchanged', code='unchanged', rows_affected='0') -%}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}

    {%- call statement('main') -%}
        {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(compiled_code) }}{%- endif %}
        create or replace table {{ target_relation }} as
        {{ compiled_code if not config.get('contract').enforced else get_select_subquery(compiled_code) }}
    {%- endcall -%}
    {%- call statement('label') -%}
        comment on table {{ target_relation }} is '{{ recipe }} {{ mdm.contents(target_relation) }}'
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# A view has the contents that its recipe gives. #}
{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set recipe, is_as_it_is = mdm.recipe(compiled_code) -%}

    {%- if existing_relation is not none and not existing_relation.is_view -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- elif existing_relation is not none and is_as_it_is and not should_full_refresh() -%}
        {%- do store_raw_result('main', message='unchanged', code='unchanged', rows_affected='0') -%}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace view {{ target_relation }} as {{ compiled_code }}
    {%- endcall -%}
    {%- call statement('label') -%}
        comment on view {{ target_relation }} is '{{ recipe }} {{ recipe }}'
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#
    What the model at work is made from, as one hash, and whether the relation that stands was made from the
    same. The hash is never the same twice where something is not known.
#}
{% macro recipe(sql) -%}
    {%- set known, relations, files = [local_md5(sql)], [], [] -%}
    {%- for column in model.columns.values() -%}
        {%- do known.append(column.name ~ ':' ~ column.data_type) -%}
    {%- endfor -%}
    {%- for id in model.depends_on.nodes -%}
        {%- if id in graph.sources -%}
            {%- set table = graph.sources[id] -%}
            {%- do files.append(mdm.lake(table.source_name, table.name).split("'")[1]) -%}
        {%- elif graph.nodes[id].resource_type == 'seed' -%}
            {%- do known.append(graph.nodes[id].checksum.checksum) -%}
            {%- do known.append(local_md5(graph.nodes[id].config.column_types | string)) -%}
        {%- else -%}
            {%- do relations.append(graph.nodes[id].schema ~ '.' ~ graph.nodes[id].alias) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set query -%}
        with made as materialized (
            select schema_name || '.' || table_name as name, comment from duckdb_tables()
            union all
            select schema_name || '.' || view_name as name, comment from duckdb_views()
        ),

        recipe as (select md5(concat_ws(
            ' ', '{{ known | join(" ") }}', version(), functions_version()
            {%- if relations %},
            (
                select string_agg(coalesce(split_part(comment, ' ', 2), uuid()::varchar), ' ' order by name)
                from made
                where name in ('{{ relations | join("', '") }}')
            )
            {%- endif %}
            {%- if files %},
            (
                select string_agg(concat_ws(' ', filename, size, last_modified), ' ' order by filename)
                from read_blob(['{{ files | join("', '") }}'])
            )
            {%- endif %}
        )) as hash)

        select
            hash,
            exists(
                select 1 from made
                where name = '{{ this.schema }}.{{ this.identifier }}' and starts_with(comment, hash)
            )
        from recipe
    {%- endset -%}
    {{ return(run_query(query).rows[0].values()) }}
{%- endmacro %}

{# The rows of a table as one hash, in whatever order they are. #}
{% macro contents(relation) -%}
    {%- set query -%}
        select concat(count(*), ':', coalesce(sum(hash(*columns(*))::hugeint), 0)) from {{ relation }}
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}

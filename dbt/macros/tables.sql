{#
    How tables come to be. A table is made anew only when something is new of what it is made from: its
    own SQL and contract, the project's functions in DuckDB, the contents of the tables or the files that
    it reads. A table that was made anew with the same contents as before leaves those that read it as
    they are.

    A table with `parts` (see `parts.sql`) says which rows of a table it reads for which date. Of it the
    dates are made anew for which one of these rows is new, gone or another.

    A table's label is its comment: `<recipe> <contents>`, two hashes; with parts `<base> <parts>` follow.
    It is written in the transaction that makes the table, so that it says of no other table what it was
    made from; a table without a label (a seed, one that was made by hand) has no known contents.
    `--full-refresh` makes all anew.
#}
{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set parts = config.get('parts') -%}
    {%- set recipe, base, label = mdm.recipe(compiled_code, parts) -%}
    {%- set is_kept = existing_relation is not none and not should_full_refresh() -%}

    {%- if existing_relation is not none and not existing_relation.is_table -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- elif is_kept and label[0] == recipe -%}
        {%- do store_raw_result('main', message='unchanged', code='unchanged', rows_affected='0') -%}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}

    {%- set hashes = {} -%}
    {%- if parts -%}
        {%- for row in run_query(mdm.query_of_parts(parts)).rows -%}{%- do hashes.update({row[0]: row[1]}) -%}{%- endfor -%}
    {%- endif -%}
    {%- set known = mdm.known_parts(label, base) if is_kept and parts else {} -%}
    {%- set due = mdm.due_parts(hashes, known) if known else none -%}
    {%- set code = compiled_code -%}
    {%- if due is not none -%}
        {%- set code = mdm.only_due(compiled_code, due) -%}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {%- set checked = get_assert_columns_equivalent(compiled_code) -%}
        {%- set code = get_select_subquery(code) -%}
    {%- endif -%}

    {%- if due == [] -%}
        {%- do store_raw_result('main', message='unchanged', code='unchanged', rows_affected='0') -%}
    {%- else -%}
        {%- call statement('main') -%}
            {{ checked }}
            {%- if due is none %}
            create or replace table {{ target_relation }} as {{ code }}
            {%- else %}
            delete from {{ target_relation }} where {{ mdm.in_parts(parts.of, due) }};
            insert into {{ target_relation }} {{ code }}
            {%- endif %}
        {%- endcall -%}
    {%- endif -%}
    {%- set contents = label[1] if due == [] else mdm.contents(target_relation) -%}
    {%- call statement('label') -%}
        comment on table {{ target_relation }} is
        '{{ recipe }} {{ contents }}{% if parts %} {{ base }} {{ mdm.told_parts(hashes) }}{% endif %}'
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# A view has the contents that its recipe gives. #}
{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set recipe, _, label = mdm.recipe(compiled_code) -%}

    {%- if existing_relation is not none and not existing_relation.is_view -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- elif existing_relation is not none and label[0] == recipe and not should_full_refresh() -%}
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
    What the model at work is made from, as one hash; the same without the tables that it reads by parts;
    and the words of the label of the relation that stands. A hash is never the same twice where something
    is not known.
#}
{% macro recipe(sql, parts=none) -%}
    {%- set known, relations, by_parts, files = [local_md5(sql)], [], [], [] -%}
    {%- if parts -%}{%- do known.append(local_md5(mdm.query_of_parts(parts))) -%}{%- endif -%}
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
            {%- set relation = graph.nodes[id].schema ~ '.' ~ graph.nodes[id].alias -%}
            {%- do (by_parts if parts and graph.nodes[id].name in parts.reads else relations).append(relation) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set query -%}
        with made as materialized (
            select schema_name || '.' || table_name as name, comment from duckdb_tables()
            union all
            select schema_name || '.' || view_name as name, comment from duckdb_views()
        ),

        base as (select md5(concat_ws(
            ' ', '{{ known | join(" ") }}', version(), functions_version()
            {%- if relations %}, {{ mdm.contents_of(relations) }}{% endif %}
            {%- if files %},
            (
                select string_agg(concat_ws(' ', filename, size, last_modified), ' ' order by filename)
                from read_blob(['{{ files | join("', '") }}'])
            )
            {%- endif %}
        )) as hash)

        select
            {% if by_parts %}md5(concat_ws(' ', hash, {{ mdm.contents_of(by_parts) }})){% else %}hash{% endif %},
            hash,
            coalesce(
                (select comment from made where name = '{{ this.schema }}.{{ this.identifier }}'), ''
            )
        from base
    {%- endset -%}
    {%- set recipe, base, label = run_query(query).rows[0].values() -%}
    {{ return((recipe, base, label.split(' '))) }}
{%- endmacro %}

{# What the labels in `made` say of the contents of these relations, as text. #}
{% macro contents_of(relations) -%}
    (
        select string_agg(coalesce(nullif(split_part(comment, ' ', 2), ''), uuid()::varchar), ' ' order by name)
        from made
        where name in ('{{ relations | join("', '") }}')
    )
{%- endmacro %}

{# The rows of a table as one hash, in whatever order they are. #}
{% macro contents(relation) -%}
    {%- set query -%}
        select concat(count(*), ':', coalesce(sum(hash(*columns(*))::hugeint), 0)) from {{ relation }}
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}

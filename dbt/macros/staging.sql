{#
    A stream as the lake below the data folder holds it. The folder is put in here, not where the sources
    are declared, so that what dbt has read of the project holds for every folder.
#}
{% macro lake(source_name, stream) -%}
    {%- set location = source(source_name, stream) | string -%}
    {{ return(location | replace('$MDM_DATA', env_var('MDM_DATA')) if execute else location) }}
{%- endmacro %}

{#
    The newest version of every record of a stream that is not deleted at its source. Newest: last
    fetched; where that ties, the later batch, then the source's own version (as `LATEST` in `lake.py`).
#}
{% macro latest(source_name, stream) -%}
    select *
    from (
        {{ newest(source_name, stream) }}
    ) as newest
    where not _is_deleted
{%- endmacro %}

{# The newest version of every record of a stream among those of a condition: a tombstone is one. #}
{% macro newest(source_name, stream, among='true') -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by _key
                order by _fetched_at desc, _batch_id desc, _version_at desc
            ) as _place
        from {{ lake(source_name, stream) }}
        where {{ among }}
    ) as ranked
    where _place = 1
{%- endmacro %}

{# An instant of the lake as a plain timestamp. The session's time zone is UTC (profiles.yml). #}
{% macro utc(column) -%}
    cast({{ column }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

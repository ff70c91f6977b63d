{# One row without a value: a metric that is declared and told by no run, and why. #}
{% macro never_told(flag) -%}
select
    'run' as grain,
    as_of as period_start,
    as_of as period_end,

    null::double as value,
    null::double as numerator,
    null::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    'unavailable' as status,
    '{{ flag }}' as flags
from {{ ref('dim_run') }}
{%- endmacro %}

{#
    Names of the conditions that hold, in alphabetical order, as text; null when none does. `others`: a
    column of flags, joined by commas, that are told along with them.
#}
{% macro flags_of(conditions, others=none) -%}
    {%- if others is none -%}
    nullif(
        concat_ws(
            ', '
            {%- for name, condition in conditions | dictsort %},
            case when {{ condition }} then '{{ name }}' end
            {%- endfor %}
        ),
        ''
    )
    {%- else -%}
    nullif(
        array_to_string(
            list_sort(list_filter(
                string_split(coalesce({{ others }}, ''), ', ')
                || [
                    {%- for name, condition in conditions | dictsort %}
                    case when {{ condition }} then '{{ name }}' end{{ ',' if not loop.last }}
                    {%- endfor %}
                ],
                lambda flag: flag <> ''
            )),
            ', '
        ),
        ''
    )
    {%- endif -%}
{%- endmacro %}

{# The declaration of a metric, from the meta of its model; empty while dbt only parses, and in unit tests. #}
{% macro declaration(metric) -%}
    {%- if execute -%}
        {%- for node in graph.get('nodes', {}).values() if node.name == 'met_' ~ metric -%}
            {{ return(node.config.meta.metric) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return({}) }}
{%- endmacro %}

{# The parameters that a metric uses, as JSON with sorted names. #}
{% macro parameters_of(metric) -%}
    {%- set used = {} -%}
    {%- for name in declaration(metric).get('parameters', []) -%}
        {%- do used.update({name: var('parameters')[name]}) -%}
    {%- endfor -%}
    {{ return(tojson(used, sort_keys=true)) }}
{%- endmacro %}

{#
    The rows of one metric in the common shape (catalogue 0.9). `splits`: the columns of that shape
    which the metric has beside period, value, numbers, status and flags; the others are null.
#}
{% macro values_of(metric, splits) -%}
    {%- set optional = {
        'source': 'varchar', 'stream': 'varchar', 'area': 'varchar', 'event_type': 'varchar',
        'region': 'varchar', 'country': 'varchar', 'locale': 'varchar', 'product': 'varchar',
        'project': 'varchar', 'role': 'varchar', 'level': 'varchar', 'tenure': 'varchar',
        'resource': 'varchar', 'goal': 'varchar', 'wave': 'varchar', 'outcome': 'varchar',
        'attribute': 'varchar', 'attribute_value': 'varchar', 'category': 'varchar', 'population': 'varchar',
        'ci_low': 'double', 'ci_high': 'double', 'value_with_probable': 'double', 'rank_best': 'bigint',
        'rank_worst': 'bigint', 'coverage': 'double', 'unknown_affiliation_share': 'double',
    } -%}
    select
        '{{ metric }}' as metric,
        cast({{ declaration(metric).get('version', 0) }} as integer) as version,
        period_start,
        period_end,
        grain,
        {%- for column, type in optional.items() %}
        {{ column if column in splits else 'cast(null as ' ~ type ~ ')' }} as {{ column }},
        {%- endfor %}
        value,
        numerator,
        denominator,
        persons,
        smallest_group,
        status,
        flags,
        '{{ local_md5(parameters_of(metric))[:12] }}' as parameters_hash
    from {{ ref('met_' ~ metric) }}
{%- endmacro %}

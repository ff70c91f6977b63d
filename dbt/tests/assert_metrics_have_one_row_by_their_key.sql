-- A metric has one row for each combination of the columns that its declaration names as its key.
-- Of a value that is available, period, goal and wave are known; other columns may be null: all.

{% set values = ref('metric_value') %}
{% set never_null = ['grain', 'period_start', 'period_end', 'goal', 'wave'] %}
with broken as (
    select null as metric, null as key, 0 as row_count where 1 = 0
    {% if execute %}
    {% for node in graph.nodes.values() | sort(attribute='name') if node.config.meta.get('metric') %}
    {% set declared = node.config.meta.metric %}
    union all
    select '{{ declared.metric }}', '{{ declared.key | join(", ") }}', count(*)
    from (
        select 1 as one
        from {{ values }}
        where metric = '{{ declared.metric }}'
        group by {{ declared.key | join(', ') }}
        having
            count(*) > 1
            {% for column in declared.key if column in never_null %}
            or bool_or({{ column }} is null and status <> 'unavailable')
            {% endfor %}
    ) as rows_of_metric
    {% endfor %}
    {% endif %}
)

select * from broken where row_count > 0

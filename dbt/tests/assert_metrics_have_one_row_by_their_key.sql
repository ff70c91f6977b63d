-- A metric has one row for each combination of the columns that its declaration names as its key,
-- and each row has its period, goal and wave: but for the row that stands for a metric of none,
-- and for metrics over all that was ever read (grain `window`). Other columns may be null: all.

{% set values = ref('metric_value') %}
with broken as (
    select null as metric, null as promise, 0 as row_count where 1 = 0
    {% if execute %}
    {% for node in graph.nodes.values() | sort(attribute='name')
        if node.config.meta.get('metric') %}
    {% set declared = node.config.meta.metric %}
    {% set known = [] if declared.grain == 'window' else ['period_start', 'period_end'] %}
    {% for column in declared.key if column in ['goal', 'wave'] %}
    {% do known.append(column) %}
    {% endfor %}
    union all
    select '{{ declared.metric }}', 'one row by {{ declared.key | join(", ") }}', count(*)
    from (
        select 1 as one
        from {{ values }}
        where metric = '{{ declared.metric }}'
        group by {{ declared.key | join(', ') }}
        having count(*) > 1
    ) as repeated
    {% if known %}
    union all
    select
        '{{ declared.metric }}',
        'not null: {{ known | join(", ") }}',
        case
            when count(*) > 1 or max(status) <> 'unavailable'
                then sum(case when {{ known | join(' is null or ') }} is null then 1 else 0 end)
            else 0
        end
    from {{ values }}
    where metric = '{{ declared.metric }}'
    {% endif %}
    {% endfor %}
    {% endif %}
)

select * from broken where row_count > 0

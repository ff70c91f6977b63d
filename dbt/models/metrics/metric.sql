-- One row a metric: what it means, as declared beside its model, and the parameters it was made
-- with.

{% set texts = [
    'metric', 'topic_area', 'title', 'question', 'definition', 'unit', 'grain', 'direction',
    'reference', 'persons', 'notes',
] %}
with declared as (
    select null as declaration where 1 = 0
    {% if execute %}
    {% for node in graph.nodes.values() | sort(attribute='name')
        if node.config.meta.get('metric') %}
    {% set known = node.config.meta.metric %}
    union all
    select struct_pack(
        {% for name in texts %}
        {{ name }} := '{{ (known.get(name) or "") | replace("'", "''") }}',
        {% endfor %}
        window_text := '{{ known.window | replace("'", "''") }}',
        interval_method := '{{ known.interval }}',
        version := {{ known.version }},
        sources := '{{ known.sources | join(", ") }}',
        additive_over := '{{ known.additive_over | join(", ") }}',
        parameters := '{{ parameters_of(known.metric) }}'
    )
    {% endfor %}
    {% endif %}
)

select
    declaration.metric,
    declaration.version,

    declaration.topic_area,
    declaration.title,
    declaration.question,
    declaration.definition,
    declaration.unit,
    declaration.grain,
    declaration.window_text,
    declaration.direction,
    declaration.interval_method,
    declaration.sources,
    declaration.reference,
    declaration.persons,
    declaration.additive_over,
    declaration.notes,
    declaration.parameters
from declared

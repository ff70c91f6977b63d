{#
    What every table promises, in one query: rows are unique by `key` (nulls count as equal), columns
    are not null (the key's, unless `not_null` says otherwise), values come from a list, and keys of
    other tables exist there. A row of the answer names a broken promise and how many rows break it.
#}
{% test well_formed(model, key=[], not_null=none, one_of={}, refers=[]) %}
with tested as (
    select * from {{ model }}
),

broken as (
    select 'model' as promise, cast(null as integer) as row_count where 1 = 0
    {% if key %}
    union all
    select 'unique by {{ key | join(", ") }}', count(*)
    from (select 1 as one from tested group by {{ key | join(", ") }} having count(*) > 1) as repeated
    {% endif %}
    {% for column in (key if not_null is none else not_null) %}
    union all
    select 'not null: {{ column }}', count(*) from tested where {{ column }} is null
    {% endfor %}
    {% for column, values in one_of.items() %}
    union all
    select '{{ column }} among {{ values | join(", ") }}', count(*)
    from tested
    where {{ column }} not in ('{{ values | join("', '") }}')
    {% endfor %}
    {% for link in refers %}
    union all
    select '{{ link.column }} known to {{ link.to | replace('"', "") }}', count(*)
    from tested
    left join (select distinct {{ link.field or link.column }} as found from {{ link.to }}) as known
        on tested.{{ link.column }} = known.found
    where tested.{{ link.column }} is not null and known.found is null
    {% endfor %}
)

select * from broken where row_count > 0
{% endtest %}

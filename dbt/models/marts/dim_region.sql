-- One row a region of the chosen scheme, and `unknown`, which is a value like any other.

select
    region,

    name,
    parent,
    region_scheme
from {{ ref('regions') }}
where region_scheme = '{{ var("parameters")["region_scheme"] }}'

union all

select
    'unknown' as region,

    'Not known' as name,
    cast(null as {{ dbt.type_string() }}) as parent,
    '{{ var("parameters")["region_scheme"] }}' as region_scheme

-- One row means that went to a region: an event of the Reps programme, or an amount of the kept
-- file in its unit, over the time it was meant for.

select
    'events' as resource,
    region,
    country,
    cast(event_id as {{ dbt.type_string() }}) as item,

    cast(1 as double) as amount,
    'events' as unit,
    true as is_counted,

    cast(starts_at as date) as starts_on,
    cast({{ dbt.dateadd('day', 1, 'cast(starts_at as date)') }} as date) as ends_on
from {{ ref('fct_event') }}

union all

select
    resource,
    region,
    country,
    cast(null as {{ dbt.type_string() }}) as item,

    amount,
    unit,
    unit in ('items', 'requests', 'events') as is_counted,

    starts_on,
    ends_on
from {{ ref('stg_curated__resources') }}

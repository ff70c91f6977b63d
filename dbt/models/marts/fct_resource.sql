-- One row means that went to a region, and who in it received them: an event of the Reps programme,
-- an act of staff towards somebody who is none, or an amount of the kept file in its unit, over the
-- time it was meant for.

select
    'events' as resource,
    owner_id as receiver_id,
    region,
    country,
    cast(event_id as {{ dbt.type_string() }}) as item,

    cast(1 as decimal(18, 4)) as amount,
    'events' as unit,
    true as is_counted,

    cast(starts_at as date) as starts_on,
    cast({{ dbt.dateadd('day', 1, 'cast(starts_at as date)') }} as date) as ends_on
from {{ ref('fct_event') }}

union all

select
    'staff_interactions' as resource,
    acts.to_person_id as receiver_id,
    coalesce(countries.region, 'unknown') as region,
    countries.country,
    acts.interaction_id as item,

    cast(1 as decimal(18, 4)) as amount,
    'acts' as unit,
    true as is_counted,

    acts.occurred_on as starts_on,
    cast({{ dbt.dateadd('day', 1, 'acts.occurred_on') }} as date) as ends_on
from {{ ref('fct_interaction') }} as acts
left join {{ ref('dim_person_country') }} as countries
    on
        acts.to_person_id = countries.person_id
        and countries.seen_from < acts.occurred_on
        and countries.seen_until >= acts.occurred_on
where
    acts.from_affiliation in ('staff', 'vendor')
    and acts.to_affiliation in ('volunteer', 'unknown')

union all

select
    resource,
    cast(null as {{ dbt.type_string() }}) as receiver_id,
    region,
    country,
    cast(null as {{ dbt.type_string() }}) as item,

    cast(amount as decimal(18, 4)) as amount,
    unit,
    unit in ('items', 'requests', 'events') as is_counted,

    starts_on,
    ends_on
from {{ ref('stg_curated__resources') }}

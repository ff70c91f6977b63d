-- One row an identity level and means that went to a region, and who in it received them: an event
-- of the Reps programme, an act of staff towards somebody who is none, or an amount of the kept
-- file in its unit, over the time it was meant for. Acts between accounts of one person are none.
-- An act of staff goes to where its receiver is at the end of the act's year (catalogue 0.4).

{% set year_end -%}
    cast({{ dbt.dateadd('year', 1, dbt.date_trunc('year', 'acts.occurred_on')) }} as date)
{%- endset %}

select
    receivers.identity_level,

    'events' as resource,
    receivers.person_id as receiver_id,
    events.region,
    events.country,
    cast(events.event_id as {{ dbt.type_string() }}) as item,

    cast(1 as decimal(18, 4)) as amount,
    'events' as unit,
    true as is_counted,

    cast(events.starts_at as date) as starts_on,
    cast({{ dbt.dateadd('day', 1, 'cast(events.starts_at as date)') }} as date) as ends_on
from {{ ref('fct_event') }} as events
inner join {{ ref('dim_identity') }} as receivers on events.owner_id = receivers.member_id

union all

select
    receivers.identity_level,

    'staff_interactions' as resource,
    receivers.person_id as receiver_id,
    coalesce(countries.region, 'unknown') as region,
    countries.country,
    acts.interaction_id as item,

    cast(1 as decimal(18, 4)) as amount,
    'acts' as unit,
    true as is_counted,

    acts.occurred_on as starts_on,
    cast({{ dbt.dateadd('day', 1, 'acts.occurred_on') }} as date) as ends_on
from {{ ref('fct_interaction') }} as acts
inner join {{ ref('dim_identity') }} as givers on acts.from_person_id = givers.member_id
inner join {{ ref('dim_identity') }} as receivers
    on
        givers.identity_level = receivers.identity_level
        and acts.to_person_id = receivers.member_id
left join {{ ref('dim_identity_country') }} as countries
    on
        receivers.identity_level = countries.identity_level
        and receivers.person_id = countries.person_id
        and countries.seen_from < {{ year_end }}
        and countries.seen_until >= {{ year_end }}
where
    acts.from_affiliation in ('staff', 'vendor')
    and acts.to_affiliation in ('volunteer', 'unknown')
    and givers.person_id <> receivers.person_id

union all

select
    levels.identity_level,

    resources.resource,
    cast(null as {{ dbt.type_string() }}) as receiver_id,
    resources.region,
    resources.country,
    cast(null as {{ dbt.type_string() }}) as item,

    cast(resources.amount as decimal(18, 4)) as amount,
    resources.unit,
    resources.unit in ('items', 'requests', 'events') as is_counted,

    resources.starts_on,
    resources.ends_on
from {{ ref('stg_curated__resources') }} as resources
cross join {{ identity_levels() }} as levels

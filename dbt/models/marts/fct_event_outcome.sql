-- One row an event and number it was to reach, as its own people told it.

select
    outcomes.event_id,
    outcomes.metric as outcome,

    cast(outcomes.expected as decimal(18, 4)) as expected,
    cast(outcomes.outcome as decimal(18, 4)) as reached
from {{ ref('stg_curated__outcomes') }} as outcomes
inner join {{ ref('fct_event') }} as events on outcomes.event_id = events.event_id

-- One row an event and number it was to reach, as its own people told it.

select
    outcomes.event_id,
    outcomes.metric as outcome,

    outcomes.expected,
    outcomes.outcome as reached
from {{ ref('stg_curated__outcomes') }} as outcomes
inner join {{ ref('fct_event') }} as events on outcomes.event_id = events.event_id

-- One row an event and category it was given.

select distinct
    events.event_id,

    categories.category
from {{ ref('fct_event') }} as events
inner join (
    select event_id, {{ each_of('categories') }} as category
    from {{ ref('stg_reps__events') }}
) as categories on events.event_id = categories.event_id

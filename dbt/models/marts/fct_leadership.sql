-- One row a person, leading role and scope that is held at D, the end of a month: what
-- `fct_identity_leadership` tells of persons by confirmed links.

{{ config(materialized='view') }}

select
    person_id,
    period_end,

    source,
    role,
    area,
    scope_type,
    scope,
    affiliation,
    region,
    is_away,
    held_days,
    silent_days,

    held_from,
    first_led_on,
    first_led_after
from {{ ref('fct_identity_leadership') }}
where identity_level = 'confirmed'

-- One row a person, area (`all`: over all areas) and date D after their first active day there:
-- what `fct_identity_level` tells of persons by confirmed links.

{{ config(materialized='view') }}

select
    person_id,
    area,
    period_end,

    active_days,
    active_thirds,
    level,
    affiliation,
    tenure,
    region,
    is_region_backfilled,
    last_active_on
from {{ ref('fct_identity_level') }}
where identity_level = 'confirmed'

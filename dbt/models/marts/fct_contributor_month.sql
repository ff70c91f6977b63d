-- One row a person, month, area (`all`: any) and affiliation with at least one contribution: what
-- `fct_identity_month` tells of persons by confirmed links.

{{ config(materialized='view') }}

select
    person_id,
    period_start,
    period_end,
    area,
    affiliation,

    active_days,
    day_bits,
    last_active_on,
    is_new,
    is_new_to_mozilla,
    is_reactivated,
    country,
    region,
    is_region_backfilled
from {{ ref('fct_identity_month') }}
where identity_level = 'confirmed'

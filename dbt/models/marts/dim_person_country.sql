-- One row a person and term in which a declared country holds: what `dim_identity_country` tells of
-- persons by confirmed links.

{{ config(materialized='view') }}

select
    person_id,

    country,
    region,
    is_backfilled,

    seen_from,
    seen_until
from {{ ref('dim_identity_country') }}
where identity_level = 'confirmed'

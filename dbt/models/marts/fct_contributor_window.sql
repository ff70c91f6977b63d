-- One row a person, end of a month D, area (`all`: any) and population: what `fct_identity_window`
-- tells of persons by confirmed links.

{{ config(materialized='view') }}

select
    person_id,
    period_start,
    period_end,
    area,
    population,

    active_days,
    active_months,
    is_affiliation_unknown
from {{ ref('fct_identity_window') }}
where identity_level = 'confirmed'

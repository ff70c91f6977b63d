-- One row a country (ISO 3166), and the region it belongs to.

select
    country,

    iso3,
    m49,
    name,
    region,
    intermediate_region,
    continent
from {{ ref('countries') }}

-- One row means given to a region, from starts_on to before ends_on.

with latest as (
    {{ latest('curated', 'resources') }}
)

select
    resource,
    region,
    nullif(country, '') as country,
    amount,
    unit,

    starts_on,
    ends_on
from latest

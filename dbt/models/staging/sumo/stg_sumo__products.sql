-- One row a product in which questions are asked, as last seen; archived ones are not listed.

with latest as (
    {{ latest('sumo', 'products') }}
)

select
    slug as product,

    title,
    visible as is_visible
from latest

-- One row a component of a product.

with latest as (
    {{ latest('bugzilla', 'components') }}
)

select
    id as component_id,
    product_id,

    product,
    name as component,
    is_active
from latest

-- One row a product of Bugzilla.

with latest as (
    {{ latest('bugzilla', 'products') }}
)

select
    id as product_id,

    name as product,
    is_active
from latest

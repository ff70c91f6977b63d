-- One row a component of a product in which bugs are filed, as last seen. Products without any
-- component have a row without one.

select
    'bugzilla' as source,
    products.product,
    components.component,

    coalesce(products.is_active, false) as is_product_active,
    coalesce(products.is_active and components.is_active, false) as is_active
from {{ ref('stg_bugzilla__products') }} as products
left join {{ ref('stg_bugzilla__components') }} as components
    on products.product_id = components.product_id

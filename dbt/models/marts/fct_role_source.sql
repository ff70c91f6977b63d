-- One row a system with roles that lead, and from when on we know who holds them; no row: the kept
-- file is silent and no read of ours showed any.

select
    source,

    max(case when scope_type = 'locale' then 1 else 0 end) = 1 as has_locales,
    max(case when scope_type = 'country' then 1 else 0 end) = 1 as has_countries,

    min(valid_from) as known_from
from {{ ref('fct_role') }}
where is_leadership
group by source

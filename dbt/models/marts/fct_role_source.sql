-- One row a system with roles that lead, and from when on we know who holds them; no row: the kept
-- file is silent and no read of ours showed any.

select
    source,

    min(valid_from) as known_from,
    min(case when scope_type = 'locale' then valid_from end) as locales_known_from,
    min(case when scope_type = 'country' then valid_from end) as countries_known_from
from {{ ref('fct_role') }}
where is_leadership
group by source

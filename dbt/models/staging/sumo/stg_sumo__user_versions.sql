-- One row a version of a profile that the lake has seen: its name, what country it declared, and
-- when we saw it.

select
    account,
    username,

    country as declared_country,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('sumo', 'users') }}
where not _is_deleted

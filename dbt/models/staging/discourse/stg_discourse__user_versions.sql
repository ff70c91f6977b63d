-- One row a version of an author that the lake has seen: the name, and when we saw it.

select
    account,
    username,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('discourse', 'users') }}
where not _is_deleted

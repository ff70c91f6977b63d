-- One row a version of an author that the lake has seen: whether the forum calls it a moderator.

select
    _key as account,

    not _is_deleted and coalesce(is_forum_staff, false) as is_held,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('discourse', 'users') }}

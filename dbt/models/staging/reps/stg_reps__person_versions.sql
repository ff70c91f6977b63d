-- One row a version of a Rep's profile that the lake has seen: what country it declared, and when.

select
    account,

    country as declared_country,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('reps', 'people') }}
where not _is_deleted

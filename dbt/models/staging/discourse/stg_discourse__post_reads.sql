-- One row a version of a post that the lake has seen: how often it was liked, and when we saw it.
-- The interface says neither who liked it nor when.

{{ config(materialized='view') }}

select
    id as post_id,

    likes,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('discourse', 'posts') }}
where not _is_deleted

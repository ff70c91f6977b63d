-- One row a version of an answer that the lake has seen: how often it was called helpful, and when
-- we saw it. The interface says neither who voted nor when.

{{ config(materialized='view') }}

select
    id as answer_id,

    num_helpful_votes as helpful_votes,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('sumo', 'answers') }}
where not _is_deleted

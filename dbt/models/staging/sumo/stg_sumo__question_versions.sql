-- One row a version of a question that the lake has seen: which answer was its solution, and when
-- we saw it. The interface does not say when a solution was chosen.

{{ config(materialized='view') }}

select
    id as question_id,
    solution as solution_id,

    {{ utc('_fetched_at') }} as observed_at
from {{ lake('sumo', 'questions') }}
where not _is_deleted

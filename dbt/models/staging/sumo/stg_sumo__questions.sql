-- One row a support question, as it is now; spam included.

with latest as (
    {{ latest('sumo', 'questions') }}
)

select
    id as question_id,

    creator as asker_username,
    locale,
    product,
    topic,
    is_spam,
    is_locked,
    solution as solution_id,
    answers_listed,

    {{ utc('created') }} as created_at
from latest

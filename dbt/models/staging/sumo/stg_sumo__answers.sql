-- One row an answer to a support question, as it is now; spam included.

with latest as (
    {{ latest('sumo', 'answers') }}
)

select
    id as answer_id,
    question_id,

    creator as answerer_username,
    is_spam,

    {{ utc('created') }} as created_at
from latest

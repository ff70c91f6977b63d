-- One row an answer as it was posted: spam, machines and replies to oneself included, marked. Only
-- for what is compared with pages that count them too; our own numbers read `fct_contribution`.

select
    answers.activity_id as answer_id,
    answers.account,

    answers.item,
    coalesce(answers.account = questions.asker_account, false) as is_own,
    coalesce(answers.set_aside_reason = 'spam', false) as is_spam,

    answers.occurred_at
from {{ ref('int_activity__sumo') }} as answers
inner join {{ ref('fct_support_question') }} as questions
    on answers.item = cast(questions.question_id as {{ dbt.type_string() }})
where answers.occurred_at is not null

-- One row an answer or a revision of an article, or why it is no contribution (catalogue 0.2).
-- Asking is not a contribution. An answer has the locale and product of its question; an asker
-- whose account is gone cannot be the answerer. A revision in another language than English is a
-- translation.

with logins as (
    select login, account from {{ ref('int_identity__logins') }} where source = 'sumo'
),

accounts as (
    select account, person_id from {{ ref('int_identity__accounts') }} where source = 'sumo'
)

select
    'sumo:answer:' || answers.answer_id as activity_id,
    'sumo' as source,
    'answer_posted' as event_type,
    coalesce(answerers.account, answers.answerer_username) as account,

    questions.locale,
    questions.product,
    cast(null as {{ dbt.type_string() }}) as project,
    cast(answers.question_id as {{ dbt.type_string() }}) as item,
    case
        when answers.is_spam then 'spam'
        when questions.question_id is null then 'question_unknown'
        when answering.person_id = asking.person_id then 'asker_is_answerer'
    end as set_aside_reason,

    answers.created_at as occurred_at
from {{ ref('stg_sumo__answers') }} as answers
left join {{ ref('stg_sumo__questions') }} as questions
    on answers.question_id = questions.question_id
left join logins as answerers on answers.answerer_username = answerers.login
left join accounts as answering
    on coalesce(answerers.account, answers.answerer_username) = answering.account
left join logins as askers on questions.asker_username = askers.login
left join accounts as asking
    on coalesce(askers.account, questions.asker_username) = asking.account

union all

select
    'sumo:revision:' || revisions.revision_id as activity_id,
    'sumo' as source,
    case
        when revisions.locale = 'en-US' then 'kb_revision_created' else 'kb_translation_created'
    end as event_type,
    coalesce(creators.account, revisions.creator_username) as account,

    revisions.locale,
    cast(null as {{ dbt.type_string() }}) as product,
    cast(null as {{ dbt.type_string() }}) as project,
    revisions.document as item,
    cast(null as {{ dbt.type_string() }}) as set_aside_reason,

    revisions.created_at as occurred_at
from {{ ref('stg_sumo__revisions') }} as revisions
left join logins as creators on revisions.creator_username = creators.login

-- One row a support question: who asked, and the first answer by another person that is not spam. A
-- question is set aside when one of the answers it lists is not stored, for nobody can say who was
-- first, and when an answer is dated before it. An answer whose author was already erased is no
-- response, only a mark.

with questions as (
    select
        questions.question_id,
        questions.locale,
        questions.product,
        questions.is_spam,
        questions.is_locked,
        questions.answers_listed,
        questions.created_at,
        coalesce(logins.account, questions.asker_username) as asker_account,
        accounts.person_id as asker_id
    from {{ ref('stg_sumo__questions') }} as questions
    left join {{ ref('int_identity__logins') }} as logins
        on
            logins.source = 'sumo'
            and questions.asker_username = logins.login
    left join {{ ref('int_identity__accounts') }} as accounts
        on
            accounts.source = 'sumo'
            and coalesce(logins.account, questions.asker_username) = accounts.account
),

responses as (
    select
        item,
        responder_account,
        responder_id,
        responded_at
    from (
        select
            answers.item,
            answers.account as responder_account,
            answers.person_id as responder_id,
            answers.occurred_at as responded_at,
            row_number() over (
                partition by answers.item order by answers.occurred_at asc, answers.activity_id asc
            ) as place
        from {{ ref('int_activity__judged') }} as answers
        inner join questions
            on answers.item = cast(questions.question_id as {{ dbt.type_string() }})
        where
            answers.event_type = 'answer_posted'
            and (
                answers.set_aside_reason is null
                or answers.set_aside_reason = 'before_loaded_from'
            )
            and (questions.asker_id is null or questions.asker_id <> answers.person_id)
    ) as ranked
    where place = 1
),

-- A solution has no date: the last read within 185 days tells, or the first of all.
{% set solved_after = var('parameters')['solved_after_days'] %}
solved as (
    select question_id, solution_id
    from (
        select
            versions.question_id,
            versions.solution_id,
            row_number() over (
                partition by versions.question_id
                order by
                    case
                        when
                            versions.observed_at
                            <= {{ dbt.dateadd('day', solved_after, 'questions.created_at') }}
                            then versions.observed_at
                    end desc nulls last,
                    versions.observed_at asc,
                    versions.solution_id asc nulls last
            ) as place
        from {{ ref('stg_sumo__question_versions') }} as versions
        inner join questions on versions.question_id = questions.question_id
    ) as ranked
    where place = 1
),

stored as (
    select
        question_id,
        count(*) as answers,
        max(case when answerer_username is null and not coalesce(is_spam, false) then 1 else 0 end)
            as erased_answers
    from {{ ref('stg_sumo__answers') }}
    group by question_id
)

select
    questions.question_id,
    questions.asker_account,
    questions.asker_id,
    responses.responder_account,
    responses.responder_id,

    coalesce(questions.locale, 'unknown') as locale,
    coalesce(questions.product, 'unknown') as product,
    coalesce(stored.erased_answers, 0) = 1 as has_erased_answer,
    coalesce(questions.is_locked, false) as is_locked,
    solved.solution_id is not null as is_solved,
    case
        when questions.is_spam then 'spam'
        when questions.created_at < sources.loaded_from then 'before_loaded_from'
        when questions.created_at >= sources.watermark then 'after_watermark'
        when coalesce(stored.answers, 0) < questions.answers_listed then 'answers_missing'
        when responses.responded_at < questions.created_at then 'negative_duration'
    end as set_aside_reason,
    {{ dbt.datediff('questions.created_at', 'responses.responded_at', 'microsecond') }}
    / 3.6e9 as response_hours,
    {{ dbt.datediff('questions.created_at', 'sources.watermark', 'microsecond') }}
    / 3.6e9 as observed_hours,

    questions.created_at,
    responses.responded_at
from questions
inner join {{ ref('dim_source') }} as sources on sources.source = 'sumo'
left join responses on cast(questions.question_id as {{ dbt.type_string() }}) = responses.item
left join stored on questions.question_id = stored.question_id
left join solved on questions.question_id = solved.question_id

-- One row an answer that was chosen as the solution, and one that was called helpful. SUMO tells no
-- time of either: they are dated when we first saw them. A solution cannot change any more when the
-- question is archived, so one that we first read later than that happened before
-- (`happened_by`).

{% set judged_days = var('parameters')['solution_judged_days'] %}
with question_reads as (
    select question_id, min(observed_at) as first_read_at
    from {{ ref('stg_sumo__question_versions') }}
    group by question_id
),

solutions as (
    select question_id, solution_id, min(observed_at) as observed_at
    from {{ ref('stg_sumo__question_versions') }}
    where solution_id is not null
    group by question_id, solution_id
),

chosen as (
    select
        solutions.solution_id as answer_id,
        solutions.observed_at,
        question_reads.first_read_at,
        {{ dbt.dateadd('day', judged_days, 'questions.created_at') }} as frozen_at
    from solutions
    inner join question_reads on solutions.question_id = question_reads.question_id
    inner join {{ ref('stg_sumo__questions') }} as questions
        on
            solutions.question_id = questions.question_id
            and solutions.solution_id = questions.solution_id
),

votes as (
    select
        answer_id,
        max(helpful_votes) as helpful_votes,
        min(case when helpful_votes > 0 then observed_at end) as observed_at
    from {{ ref('stg_sumo__answer_versions') }}
    group by answer_id
),

told as (
    select
        answer_id,
        'solution_accepted' as kind,
        1 as times,
        observed_at,
        case when first_read_at >= frozen_at then frozen_at else observed_at end as happened_by
    from chosen
    union all
    select
        answer_id,
        'helpful_vote' as kind,
        helpful_votes as times,
        observed_at,
        observed_at as happened_by
    from votes
    where observed_at is not null
)

select
    answers.source,
    answers.account,
    told.kind,
    false as is_formal,
    false as is_dated,
    'support' as area,
    cast(null as {{ dbt.type_string() }}) as badge,
    answers.activity_id as contribution_id,

    told.times,

    told.observed_at as recognised_at,
    told.happened_by
from told
inner join {{ ref('int_activity__judged') }} as answers
    on 'sumo:answer:' || told.answer_id = answers.activity_id
where answers.set_aside_reason is null

-- One row a contribution that somebody could thank for: a suggested translation, an answer, a post.
-- When it was first thanked, and whether we watched it from its youth: thanks without a date are
-- known only since our first read.

with reads as (
    select 'sumo:answer:' || answer_id as contribution_id, min(observed_at) as first_read_at
    from {{ ref('stg_sumo__answer_versions') }}
    group by answer_id
    union all
    select 'discourse:post:' || post_id as contribution_id, min(observed_at) as first_read_at
    from {{ ref('stg_discourse__post_reads') }}
    group by post_id
),

thanked as (
    select
        contribution_id,
        min(case when kind <> 'solution_accepted' then happened_by end) as thanked_by,
        min(case when kind = 'solution_accepted' then happened_by end) as solved_by
    from {{ ref('fct_recognition') }}
    where not is_formal and contribution_id is not null
    group by contribution_id
),

kinds as (
    select
        facts.contribution_id,
        facts.person_id,
        facts.source,
        facts.area,
        facts.affiliation,
        facts.occurred_at
    from {{ ref('fct_contribution') }} as facts
    left join {{ ref('fct_translation_submission') }} as submissions
        on facts.contribution_id = submissions.contribution_id
    where
        facts.event_type in ('answer_posted', 'topic_created', 'reply_posted')
        or (facts.event_type = 'translation_created' and not submissions.is_direct)
)

select
    kinds.contribution_id,
    kinds.person_id,

    kinds.source,
    kinds.area,
    kinds.affiliation,
    {{ dbt.datediff('kinds.occurred_at', 'thanked.thanked_by', 'microsecond') }} / 8.64e10
        as thanked_days,
    {{ dbt.datediff('kinds.occurred_at', 'thanked.solved_by', 'microsecond') }} / 8.64e10
        as solved_days,
    coalesce(
        {{ dbt.datediff('kinds.occurred_at', 'reads.first_read_at', 'microsecond') }}
        / 8.64e10,
        0
    ) as unwatched_days,

    kinds.occurred_at
from kinds
left join reads on kinds.contribution_id = reads.contribution_id
left join thanked on kinds.contribution_id = thanked.contribution_id

-- Every record of a kind is one activity, and every activity is counted or set aside with its
-- reason.

with records as (
    select 'bug_filed' as event_type, count(*) as expected from {{ ref('stg_bugzilla__bugs') }}
    union all
    select 'bug_comment', count(*) from {{ ref('stg_bugzilla__comments') }}
    union all
    select 'patch_attached', count(*) from {{ ref('stg_bugzilla__attachments') }}
    union all
    select 'translation_created', count_if(action_type = 'translation:created')
    from {{ ref('stg_pontoon__user_actions') }}
    union all
    select 'translation_reviewed', count_if(action_type <> 'translation:created')
    from {{ ref('stg_pontoon__user_actions') }}
    union all
    select 'answer_posted', count(*) from {{ ref('stg_sumo__answers') }}
    union all
    select 'kb_revision_created', count_if(locale = 'en-US') from {{ ref('stg_sumo__revisions') }}
    union all
    select 'kb_translation_created', count_if(locale <> 'en-US')
    from {{ ref('stg_sumo__revisions') }}
    union all
    select 'reps_report', count(*) from {{ ref('stg_reps__activities') }}
    union all
    select 'reps_event_organized', count(*) from {{ ref('stg_reps__events') }}
    union all
    select 'topic_created', count_if(coalesce(post_number, 0) = 1)
    from {{ ref('stg_discourse__posts') }}
    union all
    select 'reply_posted', count_if(coalesce(post_number, 0) <> 1)
    from {{ ref('stg_discourse__posts') }}
    union all
    select event_type, count(*)
    from {{ ref('int_activity__judged') }}
    where
        event_type in (
            'bug_field_change', 'needinfo_answered', 'bug_verified', 'duplicate_found', 'bug_fixed'
        )
    group by event_type
),

accounted as (
    select event_type, sum(activities) as found
    from (
        select event_type, count(*) as activities
        from {{ ref('fct_contribution') }}
        group by event_type
        union all
        select event_type, count(*) as activities
        from {{ ref('fct_activity_set_aside') }}
        group by event_type
    ) as both_sides
    group by event_type
)

select
    event_type,
    records.expected,
    accounted.found
from records
full outer join accounted using (event_type)
where coalesce(records.expected, 0) <> coalesce(accounted.found, 0)

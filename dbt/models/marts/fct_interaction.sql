-- One row an act of one person towards another (catalogue 0.3): an answer to a question, a reply to
-- a post, an explicit review of a translation, a needinfo cleared, a comment on or a change to a
-- bug. Nobody interacts with a machine or with oneself, under whatever account. Reps tells who has
-- which mentor, but of no act of mentoring when it was: it is a role (`dim_rep`), not an act. The
-- acting person comes with each act: looked up beside the other one, the two tables of accounts
-- would be joined with each other first, every account with every other.

with facts as (
    select * from {{ ref('fct_contribution') }}
),

authors as (
    select item, account
    from (
        select
            cast(translation_id as {{ dbt.type_string() }}) as item,
            account,
            row_number() over (
                partition by translation_id order by acted_at asc, account asc nulls last
            ) as place
        from {{ ref('stg_pontoon__user_actions') }}
        where action_type = 'translation:created'
    ) as ranked
    where place = 1
),

posts as (
    select
        posts.topic_id,
        posts.post_number,
        posts.reply_to_post_number,
        acts.activity_id,
        acts.account
    from {{ ref('stg_discourse__posts') }} as posts
    inner join {{ ref('int_activity__judged') }} as acts
        on 'discourse:post:' || posts.post_id = acts.activity_id
),

acts as (
    select
        'answer' as interaction_type,
        facts.contribution_id as act_id,
        facts.account as from_account,
        facts.person_id as from_person_id,
        questions.asker_account as to_account,
        facts.source,
        facts.area,
        facts.locale,
        facts.product,
        facts.project,
        facts.item,
        facts.occurred_at
    from facts
    inner join {{ ref('fct_support_question') }} as questions
        on facts.item = cast(questions.question_id as {{ dbt.type_string() }})
    where facts.event_type = 'answer_posted'
    union all
    select
        'review' as interaction_type,
        facts.contribution_id as act_id,
        facts.account as from_account,
        facts.person_id as from_person_id,
        authors.account as to_account,
        facts.source,
        facts.area,
        facts.locale,
        facts.product,
        facts.project,
        facts.item,
        facts.occurred_at
    from facts
    inner join authors on facts.item = authors.item
    where facts.event_type = 'translation_reviewed'
    union all
    select
        'bug_response' as interaction_type,
        facts.contribution_id as act_id,
        facts.account as from_account,
        facts.person_id as from_person_id,
        bugs.opener_account as to_account,
        facts.source,
        facts.area,
        facts.locale,
        facts.product,
        facts.project,
        facts.item,
        facts.occurred_at
    from facts
    inner join {{ ref('int_item__bug') }} as bugs on facts.item = bugs.item
    where
        facts.event_type in ('bug_comment', 'bug_field_change', 'bug_verified', 'duplicate_found')
    union all
    select
        'reply' as interaction_type,
        facts.contribution_id as act_id,
        facts.account as from_account,
        facts.person_id as from_person_id,
        addressed.account as to_account,
        facts.source,
        facts.area,
        facts.locale,
        facts.product,
        facts.project,
        facts.item,
        facts.occurred_at
    from facts
    inner join posts on facts.contribution_id = posts.activity_id
    inner join posts as addressed
        on
            posts.topic_id = addressed.topic_id
            and coalesce(posts.reply_to_post_number, 1) = addressed.post_number
    where facts.event_type = 'reply_posted'
    union all
    select
        'needinfo_cleared' as interaction_type,
        requests.request_id as act_id,
        requests.clearer_account as from_account,
        clearers.person_id as from_person_id,
        requests.setter_account as to_account,
        'bugzilla' as source,
        'quality' as area,
        cast(null as {{ dbt.type_string() }}) as locale,
        bugs.product,
        cast(null as {{ dbt.type_string() }}) as project,
        bugs.item,
        requests.cleared_at as occurred_at
    from {{ ref('int_item__needinfo') }} as requests
    inner join {{ ref('dim_source') }} as sources on sources.source = 'bugzilla'
    inner join {{ ref('int_item__bug') }} as bugs
        on cast(requests.bug_id as {{ dbt.type_string() }}) = bugs.item
    inner join {{ ref('dim_account') }} as clearers
        on
            clearers.source = 'bugzilla'
            and requests.clearer_account = clearers.account
    where requests.cleared_at >= sources.loaded_from
)

select
    acts.interaction_type || ':' || acts.act_id as interaction_id,
    acts.from_person_id,
    takers.person_id as to_person_id,

    acts.interaction_type,
    acts.source,
    acts.area,
    coalesce(giver_terms.affiliation, 'unknown') as from_affiliation,
    coalesce(taker_terms.affiliation, 'unknown') as to_affiliation,
    acts.locale,
    acts.product,
    acts.project,
    acts.item,

    acts.occurred_at,
    cast(acts.occurred_at as date) as occurred_on
from acts
inner join {{ ref('dim_account') }} as takers
    on acts.source = takers.source and acts.to_account = takers.account
left join {{ ref('int_identity__affiliations') }} as giver_terms
    on
        acts.source = giver_terms.source
        and acts.from_account = giver_terms.account
        and cast(acts.occurred_at as date) >= giver_terms.valid_from
        and cast(acts.occurred_at as date) < giver_terms.valid_to
left join {{ ref('int_identity__affiliations') }} as taker_terms
    on
        acts.source = taker_terms.source
        and acts.to_account = taker_terms.account
        and cast(acts.occurred_at as date) >= taker_terms.valid_from
        and cast(acts.occurred_at as date) < taker_terms.valid_to
where
    acts.from_person_id is not null
    and takers.person_id is not null
    and acts.from_person_id <> takers.person_id

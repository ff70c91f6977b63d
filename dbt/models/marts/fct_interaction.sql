-- One row an act of one person towards another (catalogue 0.3): an answer to a question, a reply to
-- a post, an explicit review of a translation, a needinfo cleared, a comment on or a change to a
-- bug. Nobody interacts with a machine or with oneself, under whatever account. What somebody sends
-- to a bug at one instant is one act, a comment with all changes; if a needinfo of the reporter is
-- cleared by it, it is that one. Who only gets mail of it or no longer (cc) changes nothing. Reps
-- tells who has which mentor, but of no act of mentoring when it was: it is a role (`dim_rep`), not
-- an act. The acting person comes with each act: looked up beside the other one, the two tables of
-- accounts would be joined with each other first, every account with every other.

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

bug_acts as (
    select
        item,
        account,
        person_id,
        contribution_id as act_id,
        occurred_at
    from facts
    where event_type = 'bug_comment'
    union all
    select
        cast(changes.bug_id as {{ dbt.type_string() }}) as item,
        changers.account,
        changers.person_id,
        'bugzilla:change:' || changes.bug_id || ':' || changes.change_hash as act_id,
        changes.changed_at as occurred_at
    from {{ ref('stg_bugzilla__changes') }} as changes
    inner join {{ ref('dim_source') }} as sources
        on
            sources.source = 'bugzilla'
            and changes.changed_at >= sources.loaded_from
            and changes.changed_at < sources.watermark
    left join {{ ref('int_identity__logins') }} as logins
        on logins.source = 'bugzilla' and changes.login = logins.login
    inner join {{ ref('dim_account') }} as changers
        on
            changers.source = 'bugzilla'
            and coalesce(logins.account, changes.login) = changers.account
    where changes.field_name <> 'cc'
),

bug_responses as (
    select
        item,
        account,
        person_id,
        occurred_at,
        min(act_id) as act_id
    from bug_acts
    group by item, account, person_id, occurred_at
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
        responses.act_id,
        responses.account as from_account,
        responses.person_id as from_person_id,
        bugs.opener_account as to_account,
        'bugzilla' as source,
        'quality' as area,
        cast(null as {{ dbt.type_string() }}) as locale,
        bugs.product,
        cast(null as {{ dbt.type_string() }}) as project,
        responses.item,
        responses.occurred_at
    from bug_responses as responses
    inner join {{ ref('int_item__bug') }} as bugs on responses.item = bugs.item
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
),

met as (
    select
        acts.*,
        takers.person_id as to_person_id
    from acts
    inner join {{ ref('dim_account') }} as takers
        on acts.source = takers.source and acts.to_account = takers.account
    where
        acts.from_person_id is not null
        and takers.person_id is not null
        and acts.from_person_id <> takers.person_id
),

-- Which comments and changes these are: named by their own type, so that the join is one of equals.
cleared as (
    select
        'bug_response' as interaction_type,
        item,
        from_person_id,
        to_person_id,
        occurred_at
    from met
    where interaction_type = 'needinfo_cleared'
)

select
    met.interaction_type || ':' || met.act_id as interaction_id,
    met.from_person_id,
    met.to_person_id,

    met.interaction_type,
    met.source,
    met.area,
    coalesce(giver_terms.affiliation, 'unknown') as from_affiliation,
    coalesce(taker_terms.affiliation, 'unknown') as to_affiliation,
    met.locale,
    met.product,
    met.project,
    met.item,

    met.occurred_at,
    cast(met.occurred_at as date) as occurred_on
from met
left join cleared
    on
        met.interaction_type = cleared.interaction_type
        and met.item = cleared.item
        and met.from_person_id = cleared.from_person_id
        and met.to_person_id = cleared.to_person_id
        and met.occurred_at = cleared.occurred_at
left join {{ ref('int_identity__affiliations') }} as giver_terms
    on
        met.source = giver_terms.source
        and met.from_account = giver_terms.account
        and cast(met.occurred_at as date) >= giver_terms.valid_from
        and cast(met.occurred_at as date) < giver_terms.valid_to
left join {{ ref('int_identity__affiliations') }} as taker_terms
    on
        met.source = taker_terms.source
        and met.to_account = taker_terms.account
        and cast(met.occurred_at as date) >= taker_terms.valid_from
        and cast(met.occurred_at as date) < taker_terms.valid_to
where cleared.item is null

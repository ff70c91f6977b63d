-- One row a person whose first contribution is known to be the first: that act, whether somebody
-- could respond to it, when another person first did (to fix a bug is a response too), and what
-- became of it within 30 days. An
-- answer has nobody who responds, a translation that was approved by the same act waits for
-- nothing. Whether an answer was chosen or called helpful has no date: the first read after 30 days
-- tells. An unchanged read leaves no trace, so that what was read before stands for it; an answer
-- first read after 45 days is not judged.

with firsts as (
    select *
    from (
        select
            facts.*,
            row_number() over (
                partition by facts.person_id
                order by facts.occurred_at asc, facts.contribution_id asc
            ) as place
        from {{ ref('fct_contribution') }} as facts
        inner join {{ ref('dim_person') }} as persons
            on
                facts.person_id = persons.person_id
                and facts.occurred_on = persons.first_contribution_on
        where not persons.is_left_censored
    ) as ranked
    where place = 1
),

-- With probable links followed too, only the earliest of a person's accounts began.
beginnings as (
    select contribution_id
    from (
        select
            facts.contribution_id,
            row_number() over (
                partition by persons.person_id
                order by facts.occurred_at asc, facts.contribution_id asc
            ) as place
        from {{ ref('fct_contribution') }} as facts
        inner join {{ ref('dim_identity') }} as persons
            on
                facts.person_id = persons.member_id
                and facts.occurred_on = persons.first_contribution_on
        where persons.identity_level = 'probable' and not persons.is_left_censored
    ) as ranked
    where place = 1
),

replies as (
    select
        firsts.contribution_id,
        min(acts.occurred_at) as responded_at
    from firsts
    inner join {{ ref('fct_interaction') }} as acts
        on
            firsts.person_id = acts.to_person_id
            and firsts.source = acts.source
            and firsts.item = acts.item
            and firsts.occurred_at <= acts.occurred_at
    where firsts.event_type = 'reply_posted' and acts.interaction_type = 'reply'
    group by firsts.contribution_id
),

{% set judged_after = var('parameters')['first_accepted_days'] + 1 %}
answers as (
    select
        contribution_id,
        item,
        answer_id,
        occurred_at,
        helpful_votes
    from (
        select
            firsts.contribution_id,
            firsts.item,
            versions.answer_id,
            firsts.occurred_at,
            versions.helpful_votes,
            row_number() over (
                partition by firsts.contribution_id
                order by
                    case
                        when
                            versions.observed_at
                            < {{ dbt.dateadd('day', judged_after, 'firsts.occurred_at') }}
                            then versions.observed_at
                    end desc nulls last,
                    versions.observed_at asc,
                    versions.helpful_votes asc nulls last
            ) as place
        from firsts
        inner join {{ ref('stg_sumo__answer_versions') }} as versions
            on firsts.contribution_id = 'sumo:answer:' || versions.answer_id
        where
            versions.observed_at < {{ dbt.dateadd(
                'day', var('parameters')['answer_judged_within_days'], 'firsts.occurred_at'
            ) }}
    ) as ranked
    where place = 1
),

chosen as (
    select contribution_id, is_chosen
    from (
        select
            answers.contribution_id,
            versions.solution_id = answers.answer_id as is_chosen,
            row_number() over (
                partition by answers.contribution_id
                order by
                    case
                        when
                            versions.observed_at
                            < {{ dbt.dateadd('day', judged_after, 'answers.occurred_at') }}
                            then versions.observed_at
                    end desc nulls last,
                    versions.observed_at asc,
                    versions.solution_id asc nulls last
            ) as place
        from answers
        inner join {{ ref('stg_sumo__question_versions') }} as versions
            on answers.item = cast(versions.question_id as {{ dbt.type_string() }})
        where
            versions.observed_at < {{ dbt.dateadd(
                'day', var('parameters')['answer_judged_within_days'], 'answers.occurred_at'
            ) }}
    ) as ranked
    where place = 1
),

decided as (
    select
        firsts.contribution_id,
        items.accepted_at,
        items.rejected_at,
        {{ dbt.dateadd('day', var('parameters')['first_accepted_days'], 'firsts.occurred_at') }}
            as decided_until
    from firsts
    inner join {{ ref('fct_item') }} as items on firsts.contribution_id = items.item_id
    where items.item_type in ('suggestion', 'bug') and items.set_aside_reason is null
)

select
    firsts.person_id,
    firsts.contribution_id,

    firsts.source,
    firsts.area,
    firsts.event_type,
    firsts.affiliation,
    firsts.locale,
    firsts.product,
    firsts.item,
    beginnings.contribution_id is not null as is_first_with_probable,
    firsts.event_type = 'reply_posted'
    or (items.item_id is not null and items.set_aside_reason is null) as can_be_responded_to,
    {{ hours_between(
        'firsts.occurred_at',
        'coalesce(least(items.responded_at, bugs.fixed_by_another_at), replies.responded_at)'
    ) }} as response_hours,
    firsts.event_type = 'answer_posted' or decided.contribution_id is not null as can_be_accepted,
    case
        when firsts.event_type = 'answer_posted' and answers.contribution_id is null then null
        when answers.helpful_votes > 0 or chosen.is_chosen then 'accepted'
        when
            decided.accepted_at < decided.decided_until
            and decided.accepted_at <= coalesce(decided.rejected_at, decided.accepted_at)
            then 'accepted'
        when decided.rejected_at < decided.decided_until then 'rejected'
        when answers.contribution_id is not null or decided.contribution_id is not null
            then 'undecided'
    end as outcome_30d,

    firsts.occurred_at,
    firsts.occurred_on
from firsts
left join {{ ref('fct_item') }} as items on firsts.contribution_id = items.item_id
left join {{ ref('int_item__bug') }} as bugs on firsts.contribution_id = bugs.item_id
left join beginnings on firsts.contribution_id = beginnings.contribution_id
left join replies on firsts.contribution_id = replies.contribution_id
left join decided on firsts.contribution_id = decided.contribution_id
left join answers on firsts.contribution_id = answers.contribution_id
left join chosen on firsts.contribution_id = chosen.contribution_id

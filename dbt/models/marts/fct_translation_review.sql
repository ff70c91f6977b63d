-- One row an explicit review of a translation by a person, outside of system projects: what is
-- submitted there is no contribution, so that a review there answers no submission. The interface
-- does not name the translation's author: it is the account of its `created` action, null when
-- that was not loaded, and never a guess.

with authors as (
    select translation_id, account, person_id
    from (
        select
            cast(actions.translation_id as {{ dbt.type_string() }}) as translation_id,
            actions.account,
            accounts.person_id,
            row_number() over (
                partition by actions.translation_id
                order by actions.acted_at asc, actions.account asc nulls last
            ) as place
        from {{ ref('stg_pontoon__user_actions') }} as actions
        left join {{ ref('int_identity__accounts') }} as accounts
            on accounts.source = 'pontoon' and actions.account = accounts.account
        where actions.action_type = 'translation:created'
    ) as ranked
    where place = 1
)

select
    facts.contribution_id,
    facts.person_id,

    facts.item as translation_id,
    facts.locale,
    facts.project,
    authors.account is not null as is_author_known,
    coalesce(authors.person_id <> facts.person_id, false) as is_by_other,

    facts.occurred_at
from {{ ref('fct_contribution') }} as facts
left join authors on facts.item = authors.translation_id
left join {{ ref('stg_pontoon__projects') }} as projects on facts.project = projects.project
where
    facts.event_type = 'translation_reviewed'
    and not coalesce(projects.is_system_project or facts.project = 'tutorial', false)

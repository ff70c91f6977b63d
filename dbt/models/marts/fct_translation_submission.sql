-- One row a translation that a person made. Direct: the same act approved it, which the source
-- shows as an implicit approval by the author a moment later (only since 2026-07-21); all others
-- are suggestions.

with approvals as (
    select translation_id, account, acted_at
    from {{ ref('stg_pontoon__user_actions') }}
    where action_type = 'translation:approved' and is_implicit
),

direct as (
    select distinct facts.contribution_id
    from {{ ref('fct_contribution') }} as facts
    inner join approvals
        on
            facts.item = cast(approvals.translation_id as {{ dbt.type_string() }})
            and facts.account = approvals.account
            and approvals.acted_at >= facts.occurred_at
            and approvals.acted_at < {{ dbt.dateadd(
                'second', var('parameters')['direct_submission_seconds'], 'facts.occurred_at'
            ) }}
    where facts.event_type = 'translation_created'
)

select
    facts.contribution_id,
    facts.person_id,

    facts.item as translation_id,
    facts.locale,
    facts.project,
    direct.contribution_id is not null as is_direct,

    facts.occurred_at
from {{ ref('fct_contribution') }} as facts
left join direct on facts.contribution_id = direct.contribution_id
where facts.event_type = 'translation_created'

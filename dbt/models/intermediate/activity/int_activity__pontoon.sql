-- One row an action on a translation, or why it is no contribution (catalogue 0.2). Only `created`
-- makes a translation, and not in a system project; every explicit judgement is a review, also of
-- one's own.

select
    'pontoon:' || actions.action_type || ':' || actions.translation_id || ':' || actions.acted_at
        as activity_id,
    'pontoon' as source,
    case
        when actions.action_type = 'translation:created' then 'translation_created'
        else 'translation_reviewed'
    end as event_type,
    actions.account,

    actions.locale,
    cast(null as {{ dbt.type_string() }}) as product,
    actions.project,
    cast(actions.translation_id as {{ dbt.type_string() }}) as item,
    case
        when actions.is_system_user then 'bot'
        when
            actions.action_type = 'translation:created'
            and (projects.is_system_project or actions.project = 'tutorial')
            then 'system_project'
        when
            actions.is_implicit and actions.action_type <> 'translation:created'
            then 'implicit'
    end as set_aside_reason,

    actions.acted_at as occurred_at
from {{ ref('stg_pontoon__user_actions') }} as actions
left join {{ ref('stg_pontoon__projects') }} as projects on actions.project = projects.project

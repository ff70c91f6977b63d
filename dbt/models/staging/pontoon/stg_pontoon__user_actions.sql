-- One row an action on a translation, by a person or a system user.

with latest as (
    {{ latest('pontoon', 'user_actions') }}
)

select
    translation as translation_id,
    entity as entity_id,

    type as action_type,
    translator as account,
    is_system_user,
    is_implicit_action as is_implicit,
    locale,
    project,

    {{ utc('"date"') }} as acted_at
from latest

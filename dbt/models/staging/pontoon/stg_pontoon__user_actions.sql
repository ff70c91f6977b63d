-- One row an action on a translation, by a person or a system user. A renamed project keeps its
-- number, and its actions their old slug until they are read again: all are shown under the slug
-- read last, and so are those of a renamed locale under its last code.

with latest as (
    {{ latest('pontoon', 'user_actions') }}
),

slugs as (
    select
        project_pk,
        project,
        row_number() over (
            partition by project_pk
            order by max(_fetched_at) desc, max(_batch_id) desc, project asc
        ) as place
    from latest
    group by project_pk, project
)

select
    latest.translation as translation_id,
    latest.entity as entity_id,

    latest.type as action_type,
    latest.translator as account,
    latest.is_system_user,
    latest.is_implicit_action as is_implicit,
    coalesce(codes.current_code, latest.locale) as locale,
    coalesce(slugs.project, latest.project) as project,

    {{ utc('latest.' ~ adapter.quote('date')) }} as acted_at
from latest
left join slugs on latest.project_pk = slugs.project_pk and slugs.place = 1
left join {{ ref('stg_pontoon__locale_codes') }} as codes
    on latest.locale = codes.code and latest.locale_pk = codes.locale_id

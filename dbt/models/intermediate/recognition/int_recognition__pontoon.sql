-- One row a translation that another person approved, and a badge that somebody earned. The
-- interface shows no badges: they are counted again, at the thresholds of Pontoon's own settings,
-- and dated at the act that reaches one. What lies before the first loaded day is not in the count.

{% set thresholds = var('parameters')['pontoon_badge_thresholds'] %}
with accounts as (
    select account, person_id
    from {{ ref('int_identity__accounts') }}
    where source = 'pontoon'
),

creations as (
    select translation_id, account, acted_at
    from (
        select
            translation_id,
            account,
            acted_at,
            row_number() over (
                partition by translation_id order by acted_at asc, account asc nulls last
            ) as place
        from {{ ref('stg_pontoon__user_actions') }}
        where action_type = 'translation:created'
    ) as ranked
    where place = 1
),

approvals as (
    select
        creations.translation_id,
        creations.account,
        creations.acted_at as created_at,
        actions.acted_at as approved_at
    from {{ ref('stg_pontoon__user_actions') }} as actions
    inner join creations on actions.translation_id = creations.translation_id
    inner join accounts as approvers on actions.account = approvers.account
    inner join accounts as authors on creations.account = authors.account
    where
        actions.action_type = 'translation:approved'
        and not coalesce(actions.is_implicit, false)
        and not coalesce(actions.is_system_user, false)
        and approvers.person_id <> authors.person_id
),

acts as (
    select
        account,
        activity_id,
        occurred_at,
        case event_type
            when 'translation_created' then 'translation_champion'
            else 'review_master'
        end as badge
    from {{ ref('int_activity__judged') }}
    where
        source = 'pontoon'
        and set_aside_reason is null
        and (
            event_type = 'translation_created'
            or activity_id like 'pontoon:translation:approved:%'
            or activity_id like 'pontoon:translation:rejected:%'
        )
),

counted as (
    select
        account,
        activity_id,
        occurred_at,
        badge,
        row_number() over (partition by account, badge order by occurred_at asc, activity_id asc)
            as place
    from acts
)

select
    'pontoon' as source,
    account,
    'translation_approved' as kind,
    false as is_formal,
    true as is_dated,
    'localization' as area,
    cast(null as {{ dbt.type_string() }}) as badge,
    'pontoon:translation:created:' || translation_id || ':' || created_at as contribution_id,

    1 as times,

    min(approved_at) as recognised_at,
    min(approved_at) as happened_by
from approvals
group by account, translation_id, created_at

union all

select
    'pontoon' as source,
    account,
    'badge' as kind,
    true as is_formal,
    true as is_dated,
    'localization' as area,
    badge || '_' || place as badge,
    activity_id as contribution_id,

    1 as times,

    occurred_at as recognised_at,
    occurred_at as happened_by
from counted
where place in ({{ thresholds | join(', ') }})

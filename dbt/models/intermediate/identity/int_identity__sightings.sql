-- One row an account and what a record said of it: the class of a login, or that it is a system
-- user. A login whose account was never shown stands for itself.

with logins as (
    select * from {{ ref('int_identity__logins') }}
),

handles as (
    select distinct
        'bugzilla' as source,
        reporter_account as account,
        reporter_login as login,
        reporter_class as login_class,
        false as is_system_user
    from {{ ref('stg_bugzilla__bugs') }}
    union
    select distinct 'bugzilla', assignee_account, assignee_login, cast(null as string), false
    from {{ ref('stg_bugzilla__bugs') }}
    union
    select distinct 'bugzilla', cast(null as string), login, login_class, false
    from {{ ref('stg_bugzilla__changes') }}
    union
    select distinct 'bugzilla', cast(null as string), login, login_class, false
    from {{ ref('stg_bugzilla__comments') }}
    union
    select distinct 'bugzilla', cast(null as string), login, login_class, false
    from {{ ref('stg_bugzilla__attachments') }}
    union
    select distinct 'bugzilla', account, login, login_class, false
    from {{ ref('stg_bugzilla__users') }}
    union
    select distinct 'bugzilla', setter_account, setter_login, setter_class, false
    from {{ ref('stg_bugzilla__flag_activity') }}
    union
    select distinct 'bugzilla', requestee_account, requestee_login, requestee_class, false
    from {{ ref('stg_bugzilla__flag_activity') }}
    union
    select distinct 'bugzilla', cast(null as string), added, added_class, false
    from {{ ref('stg_bugzilla__changes') }}
    where field_name = 'assigned_to'
    union
    select distinct 'bugzilla', cast(null as string), removed, removed_class, false
    from {{ ref('stg_bugzilla__changes') }}
    where field_name = 'assigned_to'
    union
    select distinct
        'pontoon',
        account,
        cast(null as string),
        cast(null as string),
        coalesce(is_system_user, false)
    from {{ ref('stg_pontoon__user_actions') }}
    union
    select distinct 'sumo', account, username, cast(null as string), false
    from {{ ref('stg_sumo__users') }}
    union
    select distinct 'sumo', cast(null as string), asker_username, cast(null as string), false
    from {{ ref('stg_sumo__questions') }}
    union
    select distinct 'sumo', cast(null as string), answerer_username, cast(null as string), false
    from {{ ref('stg_sumo__answers') }}
    union
    select distinct 'sumo', cast(null as string), creator_username, cast(null as string), false
    from {{ ref('stg_sumo__revisions') }}
    union
    select distinct 'reps', account, cast(null as string), cast(null as string), false
    from {{ ref('stg_reps__people') }}
    union
    select distinct 'reps', owner_account, cast(null as string), cast(null as string), false
    from {{ ref('stg_reps__events') }}
    union
    select distinct 'reps', reporter_account, cast(null as string), cast(null as string), false
    from {{ ref('stg_reps__activities') }}
    union
    select distinct 'discourse', account, username, cast(null as string), false
    from {{ ref('stg_discourse__users') }}
    union
    select distinct
        'discourse',
        author_account,
        author_username,
        cast(null as string),
        coalesce(is_system, false)
    from {{ ref('stg_discourse__posts') }}
)

select distinct
    handles.source,
    coalesce(handles.account, logins.account, handles.login) as account,
    handles.login,

    handles.login_class,
    handles.is_system_user
from handles
left join logins
    on
        handles.source = logins.source
        and handles.login = logins.login
where
    coalesce(handles.account, handles.login) is not null
    and coalesce(handles.account, handles.login) <> ''

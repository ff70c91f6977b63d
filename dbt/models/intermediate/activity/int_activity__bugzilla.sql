-- One row an act on a bug that could be a contribution, or why it is none (catalogue 0.2). Filing
-- is the bug itself; its description (comment 0) is part of it. Values set at filing are not in the
-- history. Whose the bug is, who was asked and whether a fix is one's first is told by persons,
-- under whatever account. Logins inside flags are the ones of that time: any of the person will do.

with logins as (
    select login, account from {{ ref('int_identity__logins') }} where source = 'bugzilla'
),

accounts as (
    select account, person_id, bot_reason
    from {{ ref('int_identity__accounts') }}
    where source = 'bugzilla'
),

bugs as (
    select
        bugs.bug_id,
        bugs.product,
        bugs.created_at,
        coalesce(bugs.reporter_account, reporters.account, bugs.reporter_login) as reporter,
        coalesce(bugs.assignee_account, assignees.account, bugs.assignee_login) as assignee
    from {{ ref('stg_bugzilla__bugs') }} as bugs
    left join logins as reporters on bugs.reporter_login = reporters.login
    left join logins as assignees on bugs.assignee_login = assignees.login
),

reporters as (
    select
        bugs.bug_id,
        bugs.reporter,
        accounts.person_id
    from bugs
    left join accounts on bugs.reporter = accounts.account
),

changes as (
    select
        changes.bug_id,
        changes.change_hash,
        changes.login,
        coalesce(logins.account, changes.login) as account,
        accounts.person_id,
        changes.field_name,
        coalesce(changes.removed, '') as removed,
        coalesce(changes.added, '') as added,
        changes.changed_at
    from {{ ref('stg_bugzilla__changes') }} as changes
    left join logins on changes.login = logins.login
    left join accounts on coalesce(logins.account, changes.login) = accounts.account
),

filings as (
    select
        'bug:' || bug_id as act,
        'bug_filed' as event_type,
        bug_id,
        reporter as account,
        created_at as occurred_at,
        cast(null as {{ dbt.type_string() }}) as set_aside_reason
    from bugs
),

comments as (
    select
        'comment:' || comments.comment_id as act,
        'bug_comment' as event_type,
        comments.bug_id,
        coalesce(logins.account, comments.login) as account,
        comments.created_at as occurred_at,
        case
            when comments.comment_number = 0 then 'description'
            when comments.is_private then 'private'
            when not coalesce(comments.has_own_text, false) then 'no_own_text'
            when reporters.reporter is null then 'reporter_unknown'
            when reporters.person_id = accounts.person_id then 'own_bug'
        end as set_aside_reason
    from {{ ref('stg_bugzilla__comments') }} as comments
    left join logins on comments.login = logins.login
    left join accounts on coalesce(logins.account, comments.login) = accounts.account
    left join reporters on comments.bug_id = reporters.bug_id
),

triage as (
    select
        bug_id,
        account,
        person_id,
        changed_at,
        min(change_hash) as change_hash
    from changes
    where
        field_name in (
            'severity', 'bug_severity', 'priority', 'type', 'bug_type', 'product', 'component',
            'keywords', 'regressed_by'
        )
        or (field_name in ('status', 'bug_status') and removed = 'UNCONFIRMED' and added <> '')
    group by bug_id, account, person_id, changed_at
),

field_changes as (
    select
        'triage:' || triage.bug_id || ':' || triage.change_hash as act,
        'bug_field_change' as event_type,
        triage.bug_id,
        triage.account,
        triage.changed_at as occurred_at,
        case
            when reporters.reporter is null then 'reporter_unknown'
            when reporters.person_id = triage.person_id then 'own_bug'
        end as set_aside_reason
    from triage
    left join reporters on triage.bug_id = reporters.bug_id
),

own_logins as (
    select
        accounts.person_id,
        logins.login
    from logins
    inner join accounts on logins.account = accounts.account
    union
    select person_id, login from changes where person_id is not null
),

needinfo_answers as (
    select
        'needinfo:' || changes.bug_id || ':' || min(changes.change_hash) as act,
        'needinfo_answered' as event_type,
        changes.bug_id,
        changes.account,
        changes.changed_at as occurred_at,
        cast(null as {{ dbt.type_string() }}) as set_aside_reason
    from changes
    inner join own_logins on changes.person_id = own_logins.person_id
    where
        changes.field_name = 'flagtypes.name'
        and {{ dbt.position("'needinfo?(' || own_logins.login || ')'", "changes.removed") }} > 0
        and {{ dbt.position("'needinfo?(' || own_logins.login || ')'", "changes.added") }} = 0
    group by changes.bug_id, changes.account, changes.changed_at
),

closings as (
    select
        case when added = 'VERIFIED' then 'verified:' else 'duplicate:' end
        || bug_id || ':' || min(change_hash) as act,
        case when added = 'VERIFIED' then 'bug_verified' else 'duplicate_found' end as event_type,
        bug_id,
        account,
        changed_at as occurred_at,
        cast(null as {{ dbt.type_string() }}) as set_aside_reason
    from changes
    where
        (field_name in ('status', 'bug_status') and added = 'VERIFIED')
        or (field_name = 'resolution' and added = 'DUPLICATE')
    group by added, bug_id, account, changed_at
),

fixes as (
    select bug_id, changed_at, min(change_hash) as change_hash
    from changes
    where field_name = 'resolution' and added = 'FIXED'
    group by bug_id, changed_at
),

-- Who had the bug when it was fixed: the last assignment until then; before the first assignment,
-- the one it took away; without any assignment in the history, the assignee of today.
assigned_before as (
    select bug_id, change_hash, login
    from (
        select
            fixes.bug_id,
            fixes.change_hash,
            assignments.added as login,
            row_number() over (
                partition by fixes.bug_id, fixes.change_hash
                order by assignments.changed_at desc, assignments.change_hash desc
            ) as place
        from fixes
        inner join changes as assignments
            on
                fixes.bug_id = assignments.bug_id
                and assignments.field_name = 'assigned_to'
                and fixes.changed_at >= assignments.changed_at
    ) as ranked
    where place = 1
),

assigned_after as (
    select bug_id, change_hash, login
    from (
        select
            fixes.bug_id,
            fixes.change_hash,
            assignments.removed as login,
            row_number() over (
                partition by fixes.bug_id, fixes.change_hash
                order by assignments.changed_at asc, assignments.change_hash asc
            ) as place
        from fixes
        inner join changes as assignments
            on
                fixes.bug_id = assignments.bug_id
                and assignments.field_name = 'assigned_to'
                and fixes.changed_at < assignments.changed_at
    ) as ranked
    where place = 1
),

credited as (
    select
        fixes.bug_id,
        fixes.change_hash,
        fixes.changed_at,
        case
            when assigned_before.change_hash is not null or assigned_after.change_hash is not null
                then
                    coalesce(
                        logins.account,
                        nullif(coalesce(assigned_before.login, assigned_after.login), '')
                    )
            else bugs.assignee
        end as account
    from fixes
    left join bugs on fixes.bug_id = bugs.bug_id
    left join assigned_before
        on
            fixes.bug_id = assigned_before.bug_id
            and fixes.change_hash = assigned_before.change_hash
    left join assigned_after
        on
            fixes.bug_id = assigned_after.bug_id
            and fixes.change_hash = assigned_after.change_hash
    left join logins on coalesce(assigned_before.login, assigned_after.login) = logins.login
),

fixed as (
    select
        'fixed:' || credited.bug_id || ':' || credited.change_hash as act,
        'bug_fixed' as event_type,
        credited.bug_id,
        credited.account,
        credited.changed_at as occurred_at,
        case
            when credited.account is null or accounts.bot_reason = 'stands for unassigned'
                then 'unassigned'
            when
                row_number() over (
                    partition by credited.bug_id, accounts.person_id
                    order by credited.changed_at asc, credited.change_hash asc
                ) > 1
                then 'fixed_before'
        end as set_aside_reason
    from credited
    left join accounts on credited.account = accounts.account
),

patches as (
    select
        'attachment:' || attachments.attachment_id as act,
        'patch_attached' as event_type,
        attachments.bug_id,
        coalesce(logins.account, attachments.login) as account,
        attachments.created_at as occurred_at,
        case
            when
                not coalesce(attachments.is_patch, false)
                and coalesce(attachments.content_type, '') not in (
                    'text/x-phabricator-request', 'text/x-github-pull-request',
                    'text/x-review-board-request'
                )
                then 'not_a_patch'
        end as set_aside_reason
    from {{ ref('stg_bugzilla__attachments') }} as attachments
    left join logins on attachments.login = logins.login
),

acts as (
    select * from filings
    union all
    select * from comments
    union all
    select * from field_changes
    union all
    select * from needinfo_answers
    union all
    select * from closings
    union all
    select * from fixed
    union all
    select * from patches
)

select
    'bugzilla:' || acts.act as activity_id,
    'bugzilla' as source,
    acts.event_type,
    acts.account,

    cast(null as {{ dbt.type_string() }}) as locale,
    bugs.product,
    cast(null as {{ dbt.type_string() }}) as project,
    cast(acts.bug_id as {{ dbt.type_string() }}) as item,
    acts.set_aside_reason,

    acts.occurred_at
from acts
left join bugs on acts.bug_id = bugs.bug_id

-- One row a Bugzilla login that a bug's history tells of, with the account that had it: a history
-- keeps logins as they were written, so one that was given up before the first load is shown with
-- no number anywhere. Told by what is there twice: the one needinfo of a bug that was set or
-- cleared at an instant, by login in the history and by number in the flag activity; and the last
-- assignee of a bug, by login in the history and by number in the bug. A login of which two numbers
-- are told is left out, and so is what ends with nobody in particular.

with changes as (
    select bug_id, change_hash, field_name, removed, added, changed_at
    from {{ ref('stg_bugzilla__changes') }}
    where field_name in ('flagtypes.name', 'assigned_to')
),

written as (
    select
        bug_id,
        changed_at,
        '?' as status,
        {{ each_match('added', 'needinfo[?][(]([^()]*)[)]') }} as login
    from changes
    where field_name = 'flagtypes.name'
    union all
    select
        bug_id,
        changed_at,
        'X' as status,
        {{ each_match('removed', 'needinfo[?][(]([^()]*)[)]') }} as login
    from changes
    where field_name = 'flagtypes.name'
),

written_once as (
    select
        bug_id,
        changed_at,
        status,
        min(login) as login
    from written
    group by bug_id, changed_at, status
    having count(distinct login) = 1
),

shown_once as (
    select
        bug_id,
        occurred_at,
        status,
        min(requestee_account) as account
    from {{ ref('stg_bugzilla__flag_activity') }}
    where flag_type = 'needinfo' and requestee_account is not null
    group by bug_id, occurred_at, status
    having count(distinct requestee_account) = 1
),

last_assignments as (
    select bug_id, login, changed_at
    from (
        select
            bug_id,
            added as login,
            changed_at,
            row_number() over (
                partition by bug_id order by changed_at desc, change_hash asc
            ) as place
        from changes
        where field_name = 'assigned_to'
    ) as ranked
    where place = 1
),

told as (
    select
        written_once.login,
        shown_once.account,
        written_once.changed_at as held_at
    from written_once
    inner join shown_once
        on
            written_once.bug_id = shown_once.bug_id
            and written_once.changed_at = shown_once.occurred_at
            and written_once.status = shown_once.status
    union all
    select
        last_assignments.login,
        bugs.assignee_account,
        last_assignments.changed_at
    from last_assignments
    inner join {{ ref('stg_bugzilla__bugs') }} as bugs on last_assignments.bug_id = bugs.bug_id
    left join {{ ref('int_identity__known_bots') }} as known_bots
        on
            known_bots.source = 'bugzilla'
            and bugs.assignee_account = known_bots.handle_hash
    where bugs.assignee_account is not null and known_bots.handle_hash is null
)

select
    login,
    min(account) as account,
    max(held_at) as held_at
from told
where login <> ''
group by login
having count(distinct account) = 1

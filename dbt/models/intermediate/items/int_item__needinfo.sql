-- One row a needinfo request to a named person, and how its flag went away: answered (the asked
-- person cleared it), withdrawn (its setter did), redirected (to a third person in the same act),
-- resolved (with the resolution of the bug) or cleared_by_other. A question back to the setter is
-- an answer. Flags name the login of their time, so both ends are compared by account.

with logins as (
    select login, account from {{ ref('int_identity__logins') }} where source = 'bugzilla'
),

accounts as (
    select account, person_id, is_bot
    from {{ ref('int_identity__accounts') }}
    where source = 'bugzilla'
),

changes as (
    select
        changes.bug_id,
        changes.change_hash,
        coalesce(logins.account, changes.login) as account,
        changes.field_name,
        changes.removed,
        changes.added,
        changes.changed_at
    from {{ ref('stg_bugzilla__changes') }} as changes
    inner join {{ ref('stg_pipeline__sources') }} as sources on sources.source = 'bugzilla'
    left join logins on changes.login = logins.login
    where
        changes.field_name in ('flagtypes.name', 'resolution')
        and changes.changed_at < sources.watermark
),

set_flags as (
    select
        bug_id,
        change_hash,
        account,
        changed_at,
        {{ each_match('added', 'needinfo[?][(]([^()]*)[)]') }} as asked_login
    from changes
    where field_name = 'flagtypes.name'
),

cleared_flags as (
    select
        bug_id,
        change_hash,
        account,
        changed_at,
        {{ each_match('removed', 'needinfo[?][(]([^()]*)[)]') }} as asked_login
    from changes
    where field_name = 'flagtypes.name'
),

-- A flag that one value of the history both loses and gains did not change.
requests as (
    select distinct
        set_flags.bug_id,
        set_flags.change_hash,
        set_flags.account as setter_account,
        coalesce(logins.account, set_flags.asked_login) as asked_account,
        set_flags.changed_at as requested_at
    from set_flags
    left join logins on set_flags.asked_login = logins.login
    left join cleared_flags
        on
            set_flags.change_hash = cleared_flags.change_hash
            and set_flags.bug_id = cleared_flags.bug_id
            and set_flags.asked_login = cleared_flags.asked_login
    where cleared_flags.change_hash is null
),

clearings as (
    select distinct
        cleared_flags.bug_id,
        cleared_flags.change_hash,
        cleared_flags.account as clearer_account,
        coalesce(logins.account, cleared_flags.asked_login) as asked_account,
        cleared_flags.changed_at as cleared_at
    from cleared_flags
    left join logins on cleared_flags.asked_login = logins.login
    left join set_flags
        on
            cleared_flags.change_hash = set_flags.change_hash
            and cleared_flags.bug_id = set_flags.bug_id
            and cleared_flags.asked_login = set_flags.asked_login
    where set_flags.change_hash is null
),

paired as (
    select
        bug_id,
        change_hash,
        setter_account,
        asked_account,
        clearer_account,
        requested_at,
        cleared_at
    from (
        select
            requests.bug_id,
            requests.change_hash,
            requests.setter_account,
            requests.asked_account,
            clearings.clearer_account,
            requests.requested_at,
            clearings.cleared_at,
            row_number() over (
                partition by requests.bug_id, requests.change_hash, requests.asked_account
                order by clearings.cleared_at asc, clearings.change_hash asc
            ) as place
        from requests
        left join clearings
            on
                requests.bug_id = clearings.bug_id
                and requests.asked_account = clearings.asked_account
                and requests.requested_at < clearings.cleared_at
    ) as ranked
    where place = 1
),

resolutions as (
    select distinct bug_id, account, changed_at
    from changes
    where field_name = 'resolution' and coalesce(added, '') <> ''
),

passed_on as (
    select distinct
        paired.bug_id,
        paired.change_hash,
        paired.asked_account
    from paired
    inner join requests
        on
            paired.bug_id = requests.bug_id
            and paired.clearer_account = requests.setter_account
            and paired.cleared_at = requests.requested_at
            and paired.asked_account <> requests.asked_account
            and paired.setter_account <> requests.asked_account
)

select
    'bugzilla:needinfo_request:' || paired.bug_id || ':' || paired.change_hash || ':'
    || paired.asked_account as request_id,
    paired.bug_id,
    paired.setter_account,
    paired.asked_account,
    paired.clearer_account,

    case
        when paired.cleared_at is null then cast(null as {{ dbt.type_string() }})
        when clearers.person_id = setters.person_id then 'withdrawn'
        when resolutions.bug_id is not null then 'resolved'
        when passed_on.bug_id is not null then 'redirected'
        when clearers.person_id = asked.person_id and not clearers.is_bot then 'answered'
        else 'cleared_by_other'
    end as outcome,
    coalesce(
        setters.person_id = asked.person_id or paired.setter_account = paired.asked_account, false
    ) as is_to_oneself,

    paired.requested_at,
    paired.cleared_at
from paired
left join accounts as setters on paired.setter_account = setters.account
left join accounts as asked on paired.asked_account = asked.account
left join accounts as clearers on paired.clearer_account = clearers.account
left join resolutions
    on
        paired.bug_id = resolutions.bug_id
        and paired.clearer_account = resolutions.account
        and paired.cleared_at = resolutions.changed_at
left join passed_on
    on
        paired.bug_id = passed_on.bug_id
        and paired.change_hash = passed_on.change_hash
        and paired.asked_account = passed_on.asked_account

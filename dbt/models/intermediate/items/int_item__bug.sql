-- One row a public bug, with the first comment or counted field change by another person, and what
-- became of it: accepted when another person confirmed it or it was fixed, rejected when it was
-- resolved otherwise. What machines and the reporter do is no response and no confirmation, under
-- none of the reporter's accounts; a fix counts whoever notes it, `fixed_by_another_at` is one that
-- somebody else noted.

with filings as (
    select * from {{ ref('int_activity__judged') }} where event_type = 'bug_filed'
),

responses as (
    select item, account, occurred_at
    from (
        select
            acts.item,
            acts.account,
            acts.occurred_at,
            row_number() over (
                partition by acts.item order by acts.occurred_at asc, acts.activity_id asc
            ) as place
        from {{ ref('int_activity__judged') }} as acts
        inner join filings on acts.item = filings.item
        where
            acts.event_type in ('bug_comment', 'bug_field_change')
            and (acts.set_aside_reason is null or acts.set_aside_reason = 'before_loaded_from')
            and acts.person_id <> filings.person_id
    ) as ranked
    where place = 1
),

decisions as (
    select
        filings.item,
        min(
            case
                when
                    changes.field_name = 'resolution' and changes.added = 'FIXED'
                    then changes.changed_at
                when
                    changes.field_name in ('status', 'bug_status')
                    and changes.removed = 'UNCONFIRMED'
                    and changes.added in ('NEW', 'ASSIGNED', 'REOPENED')
                    and not accounts.is_bot
                    and accounts.person_id <> filings.person_id
                    then changes.changed_at
            end
        ) as accepted_at,
        min(
            case
                when
                    changes.field_name = 'resolution' and changes.added = 'FIXED'
                    and not accounts.is_bot
                    and accounts.person_id <> filings.person_id
                    then changes.changed_at
            end
        ) as fixed_by_another_at,
        min(
            case
                when
                    changes.field_name = 'resolution'
                    and coalesce(changes.added, '') not in ('', 'FIXED')
                    then changes.changed_at
            end
        ) as rejected_at
    from filings
    inner join {{ ref('stg_bugzilla__changes') }} as changes
        on filings.item = cast(changes.bug_id as {{ dbt.type_string() }})
    left join {{ ref('int_identity__logins') }} as logins
        on logins.source = 'bugzilla' and changes.login = logins.login
    left join {{ ref('int_identity__accounts') }} as accounts
        on
            accounts.source = 'bugzilla'
            and coalesce(logins.account, changes.login) = accounts.account
    where changes.field_name in ('status', 'bug_status', 'resolution')
    group by filings.item
)

select
    filings.activity_id as item_id,
    filings.item,
    filings.account as opener_account,
    responses.account as responder_account,

    filings.product,
    bugs.component,
    filings.set_aside_reason,

    filings.occurred_at as opened_at,
    responses.occurred_at as responded_at,
    decisions.accepted_at,
    decisions.fixed_by_another_at,
    decisions.rejected_at
from filings
inner join {{ ref('stg_bugzilla__bugs') }} as bugs
    on filings.item = cast(bugs.bug_id as {{ dbt.type_string() }})
left join responses on filings.item = responses.item
left join decisions on filings.item = decisions.item

-- One row a public bug, with the first comment or counted field change by another person. What
-- machines and the reporter do is no response, under none of the reporter's accounts.

with filings as (
    select * from {{ ref('int_activity__judged') }} where event_type = 'bug_filed'
),

responses as (
    select
        acts.item,
        acts.account,
        acts.occurred_at
    from {{ ref('int_activity__judged') }} as acts
    inner join filings on acts.item = filings.item
    where
        acts.event_type in ('bug_comment', 'bug_field_change')
        and (acts.set_aside_reason is null or acts.set_aside_reason = 'before_loaded_from')
        and acts.person_id <> filings.person_id
    qualify
        row_number() over (
            partition by acts.item order by acts.occurred_at asc, acts.activity_id asc
        ) = 1
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
    responses.occurred_at as responded_at
from filings
inner join {{ ref('stg_bugzilla__bugs') }} as bugs
    on filings.item = cast(bugs.bug_id as {{ dbt.type_string() }})
left join responses on filings.item = responses.item

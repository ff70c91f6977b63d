-- One row a request for budget or swag that Bugzilla shows, and the first decision on it: the
-- approval flag, else the end of its being open. Who ends an own request has withdrawn it. Most of
-- these bugs are not public: what cannot be read is not here, and amounts and places are never
-- guessed.

{% set product = var('parameters')['budget_product'] %}
{% set components = var('parameters')['budget_components'] %}
with requests as (
    select
        bugs.bug_id,
        bugs.component,
        bugs.reporter_login,
        bugs.created_at,
        accounts.person_id as requester_id
    from {{ ref('stg_bugzilla__bugs') }} as bugs
    left join {{ ref('int_identity__accounts') }} as accounts
        on
            accounts.source = 'bugzilla'
            and bugs.reporter_account = accounts.account
    where
        bugs.product = '{{ product }}'
        and bugs.component in (
            {% for component in components %}
                '{{ component }}'{% if not loop.last %},{% endif %}
            {% endfor %}
        )
),

steps as (
    select
        changes.bug_id,
        changes.login,
        changes.changed_at,
        case
            when changes.field_name = 'flagtypes.name' and changes.added like '%remo-approval+%'
                then 'approved'
            when changes.field_name = 'flagtypes.name' and changes.added like '%remo-approval-%'
                then 'denied'
            when changes.field_name = 'flagtypes.name' and changes.added like '%remo-review+%'
                then 'reviewed'
            when changes.field_name = 'resolution' and changes.added = 'FIXED' then 'fixed'
            when changes.field_name = 'resolution' and changes.added <> '' then 'closed'
        end as step
    from {{ ref('stg_bugzilla__changes') }} as changes
    inner join requests on changes.bug_id = requests.bug_id
),

decisions as (
    select
        bug_id,
        login,
        step,
        changed_at
    from (
        select
            bug_id,
            login,
            step,
            changed_at,
            row_number() over (
                partition by bug_id
                order by
                    changed_at asc,
                    case step
                        when 'approved' then 1
                        when 'denied' then 2
                        when 'fixed' then 3
                        else 4
                    end asc,
                    login asc nulls last
            ) as place
        from steps
        where step in ('approved', 'denied', 'fixed', 'closed')
    ) as ranked
    where place = 1
),

reviews as (
    select bug_id, min(changed_at) as reviewed_at from steps where step = 'reviewed' group by bug_id
)

select
    requests.bug_id,
    requests.requester_id,

    requests.component,
    case
        when decisions.step in ('approved', 'denied') then decisions.step
        when decisions.login = requests.reporter_login then 'withdrawn'
        when decisions.step = 'fixed' then 'approved'
        when decisions.step = 'closed' then 'denied'
    end as decision,

    requests.created_at,
    reviews.reviewed_at,
    decisions.changed_at as decided_at
from requests
left join decisions on requests.bug_id = decisions.bug_id
left join reviews on requests.bug_id = reviews.bug_id

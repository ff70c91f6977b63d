-- One row a pair of accounts that people decided about: the same person's, or not. A log-in or user
-- name in the file stands for the account it belongs to; of two lines on one pair the later one
-- counts, on the same day the one that keeps apart.

with resolved as (
    select
        decisions.source_1 || ':' || coalesce(first_logins.account, decisions.account_1) as one,
        decisions.source_2 || ':' || coalesce(second_logins.account, decisions.account_2) as other,
        decisions.decision,
        decisions.decided_on
    from {{ ref('stg_curated__identity') }} as decisions
    left join {{ ref('int_identity__logins') }} as first_logins
        on
            decisions.source_1 = first_logins.source
            and decisions.account_1 = first_logins.login
    left join {{ ref('int_identity__logins') }} as second_logins
        on
            decisions.source_2 = second_logins.source
            and decisions.account_2 = second_logins.login
),

ordered as (
    select
        least(one, other) as account_key_1,
        greatest(one, other) as account_key_2,
        decision,
        decided_on
    from resolved
    where one <> other
)

select
    account_key_1,
    account_key_2,

    decision,

    decided_on
from (
    select
        account_key_1,
        account_key_2,

        decision,

        decided_on,
        row_number() over (
            partition by account_key_1, account_key_2
            order by decided_on desc, decision asc
        ) as place
    from ordered
) as ranked
where place = 1

-- One row an account of a source: whose it is, and whether a machine uses it.

select
    source,
    account,
    case when not is_bot then person_id end as person_id,

    is_bot,
    bot_reason
from {{ ref('int_identity__accounts') }}

-- One row a person's decision whether two accounts belong to one person; it wins over any computed
-- link.

with latest as (
    {{ latest('curated', 'identity') }}
)

select
    source_1,
    account_1,
    source_2,
    account_2,

    decision,

    decided_on
from latest

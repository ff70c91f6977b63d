-- One row a pair of accounts that may be one person's, and the probability that it is.

select
    account_key_1,
    account_key_2,

    score
from {{ lake('pipeline', 'identity_links') }}

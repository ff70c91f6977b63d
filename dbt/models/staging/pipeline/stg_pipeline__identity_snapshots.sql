-- One row a day of a run and account: whose it was by the links of that day.

select
    snapshot_on,
    account_key,

    person_id,
    probable_person_id
from {{ lake('pipeline', 'identity_snapshots') }}

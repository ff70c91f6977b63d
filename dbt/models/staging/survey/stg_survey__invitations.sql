-- One row an account that was invited to a wave, and the respondent it stands for there.

with latest as (
    {{ latest('survey', 'invitations') }}
)

select
    wave,
    respondent,
    source,
    account,

    is_delivered
from latest

-- One row a login that was seen together with its numeric account.

with latest as (
    {{ latest('bugzilla', 'users') }}
)

select
    account,
    login,

    login_class,

    {{ utc('_fetched_at') }} as observed_at
from latest

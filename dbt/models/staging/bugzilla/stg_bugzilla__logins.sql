-- One row a login of a person, and hashes of it that other systems make alike.

with latest as (
    {{ latest('bugzilla', 'logins') }}
)

select
    login,
    mail_address,
    local_name
from latest

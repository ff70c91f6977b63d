-- Nobody is in two regions at once, and no account has two affiliations on one day.

select 'country' as what, one.person_id as whose, one.seen_from as since
from {{ ref('dim_person_country') }} as one
inner join {{ ref('dim_person_country') }} as other
    on
        one.person_id = other.person_id
        and one.seen_from < other.seen_from
        and one.seen_until > other.seen_from

union all

select 'affiliation' as what, one.account as whose, one.valid_from as since
from {{ ref('int_identity__affiliations') }} as one
inner join {{ ref('int_identity__affiliations') }} as other
    on
        one.source = other.source
        and one.account = other.account
        and (one.valid_from, one.affiliation) < (other.valid_from, other.affiliation)
        and one.valid_to > other.valid_from

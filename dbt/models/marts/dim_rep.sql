-- One row a Rep's profile as we know it: since when it is a Rep's, until when, whether the
-- programme names a mentor, and since when we watch the profile. Who left after our first read
-- stays; a Rep who left before it is missing.

with mentored as (
    select reporter_account as account
    from {{ ref('stg_reps__activities') }}
    where mentor_account is not null
    group by reporter_account
),

watched as (
    select account, cast(min(observed_at) as date) as seen_from
    from {{ ref('stg_reps__membership_versions') }}
    group by account
)

select
    people.account,
    accounts.person_id,

    people.mentor_account is not null or mentored.account is not null as has_mentor,

    people.joined_on,
    people.left_on,
    watched.seen_from
from {{ ref('stg_reps__people') }} as people
inner join {{ ref('int_identity__accounts') }} as accounts
    on
        accounts.source = 'reps'
        and people.account = accounts.account
left join mentored on people.account = mentored.account
left join watched on people.account = watched.account
where not accounts.is_bot

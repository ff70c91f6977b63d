-- One row a Rep's profile as it was when we last saw it. The portal lists only who is a Rep now:
-- the day of the read that first missed a profile stands for the day on which the Rep left.

with last_seen as (
    {{ newest('reps', 'people', among='not _is_deleted') }}
),

as_of_now as (
    {{ newest('reps', 'people') }}
)

select
    last_seen.account,
    last_seen.people_directory as people_directory_username,
    last_seen.mentor as mentor_account,
    last_seen.local_name,

    last_seen.country as declared_country,
    last_seen.date_joined_program as joined_on,
    coalesce(
        last_seen.date_left_program,
        case when as_of_now._is_deleted then cast({{ utc('as_of_now._fetched_at') }} as date) end
    ) as left_on,

    {{ utc('last_seen._fetched_at') }} as observed_at
from last_seen
inner join as_of_now on last_seen._key = as_of_now._key

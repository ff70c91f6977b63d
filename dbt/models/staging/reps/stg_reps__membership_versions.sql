-- One row a version of a Rep's profile that the lake has seen and a leading group: whether the Rep
-- was in it. A profile that is gone is in none.

with groups_that_lead as (
    select 'Mentor' as group_name, 'mentor' as role
    union all
    select 'Council' as group_name, 'council' as role
    union all
    select 'Peers' as group_name, 'peer' as role
    union all
    select 'Review' as group_name, 'review' as role
)

select
    people._key as account,
    groups_that_lead.role,

    not people._is_deleted
    and coalesce(array_contains(people.groups, groups_that_lead.group_name), false) as is_held,

    {{ utc('people._fetched_at') }} as observed_at
from {{ lake('reps', 'people') }} as people
cross join groups_that_lead

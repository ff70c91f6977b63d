-- One row an identity level (who is taken for one person: by confirmed links, or by probable ones
-- too) and person by confirmed links: whose the contributions are at that level, and how that
-- person began. Left-censored is who is so by the one that began first.

with members as (
    select
        'confirmed' as identity_level,
        person_id as member_id,
        person_id,
        first_contribution_on,
        is_left_censored
    from {{ ref('dim_person') }}
    union all
    select
        'probable' as identity_level,
        person_id as member_id,
        probable_person_id as person_id,
        first_contribution_on,
        is_left_censored
    from {{ ref('dim_person') }}
),

firsts as (
    select identity_level, person_id, min(first_contribution_on) as first_on
    from members
    group by identity_level, person_id
),

begun as (
    select
        members.identity_level,
        members.person_id,
        firsts.first_on,
        max(
            case
                when members.is_left_censored and members.first_contribution_on = firsts.first_on
                    then 1
                else 0
            end
        ) = 1 as is_left_censored
    from members
    inner join firsts
        on
            members.identity_level = firsts.identity_level
            and members.person_id = firsts.person_id
    group by members.identity_level, members.person_id, firsts.first_on
)

select
    members.identity_level,
    members.member_id,

    members.person_id,
    begun.is_left_censored,

    begun.first_on as first_contribution_on
from members
inner join begun
    on
        members.identity_level = begun.identity_level
        and members.person_id = begun.person_id

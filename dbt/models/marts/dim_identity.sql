-- One row an identity level (who is taken for one person: by confirmed links, or by probable ones
-- too) and person by confirmed links: whose the contributions are at that level, and how that
-- person began. Left-censored is told as in dim_person, of all that the person did at the level.

with members as (
    select
        'confirmed' as identity_level,
        person_id as member_id,
        person_id,
        first_contribution_on
    from {{ ref('dim_person') }}
    union all
    select
        'probable' as identity_level,
        person_id as member_id,
        probable_person_id as person_id,
        first_contribution_on
    from {{ ref('dim_person') }}
),

firsts as (
    select identity_level, person_id, min(first_contribution_on) as first_on
    from members
    group by identity_level, person_id
),

contributed as (
    select distinct person_id, source from {{ ref('fct_contribution') }}
),

censored as (
    select distinct members.identity_level, members.person_id
    from members
    inner join firsts
        on
            members.identity_level = firsts.identity_level
            and members.person_id = firsts.person_id
    inner join contributed on members.member_id = contributed.person_id
    inner join {{ ref('dim_source') }} as sources on contributed.source = sources.source
    where {{ may_not_be_first('firsts.first_on', 'sources') }}
)

select
    members.identity_level,
    members.member_id,

    members.person_id,
    censored.person_id is not null as is_left_censored,

    firsts.first_on as first_contribution_on
from members
inner join firsts
    on
        members.identity_level = firsts.identity_level
        and members.person_id = firsts.person_id
left join censored
    on
        members.identity_level = censored.identity_level
        and members.person_id = censored.person_id

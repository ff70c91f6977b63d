-- One row a person (bots are none). Left-censored: the first contribution lies within the first
-- year that is loaded of a source whose beginning is not, so it may not have been the first
-- (catalogue 0.3).

with persons as (
    select person_id, min(probable_person_id) as probable_person_id, count(*) as accounts
    from {{ ref('int_identity__accounts') }}
    where not is_bot
    group by person_id
),

contributed as (
    select person_id, source, min(occurred_on) as first_on, max(occurred_on) as last_on
    from {{ ref('fct_contribution') }}
    group by person_id, source
),

firsts as (
    select person_id, min(first_on) as first_on, max(last_on) as last_on
    from contributed
    group by person_id
),

censored as (
    select distinct contributed.person_id
    from contributed
    inner join firsts on contributed.person_id = firsts.person_id
    inner join {{ ref('dim_source') }} as sources on contributed.source = sources.source
    where {{ may_not_be_first('firsts.first_on', 'sources') }}
)

select
    persons.person_id,
    persons.probable_person_id,

    persons.accounts,
    censored.person_id is not null as is_left_censored,

    firsts.first_on as first_contribution_on,
    firsts.last_on as last_contribution_on
from persons
left join firsts on persons.person_id = firsts.person_id
left join censored on persons.person_id = censored.person_id

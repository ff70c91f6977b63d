-- One row a wave, person and part of the community that survey figures are shown for: all, the
-- region, the level, each area in which the person contributed in the 90 days before, and each
-- leading role held on the day the wave opened (`leader`: any; those without are no part, because
-- all but them would be the leaders). One dimension at a time, because survey answers are never
-- crossed with more.

{% set window = var('parameters')['level_window_days'] %}
with persons as (
    select wave, person_id, region, level, starts_on
    from {{ ref('fct_survey_person') }}
    where affiliation in ('volunteer', 'unknown')
),

leaders as (
    select distinct
        persons.wave,
        persons.person_id,
        roles.role
    from persons
    inner join {{ ref('fct_role') }} as roles
        on
            persons.person_id = roles.person_id
            and persons.starts_on >= roles.valid_from
            and persons.starts_on < roles.valid_to
    where roles.is_leadership
)

select wave, person_id, 'all' as dimension, 'all' as part from persons
union all
select wave, person_id, 'region' as dimension, region as part from persons
union all
select wave, person_id, 'level' as dimension, level as part from persons
union all
select distinct persons.wave, persons.person_id, 'area' as dimension, ways.area as part
from persons
inner join {{ ref('fct_active_day') }} as ways
    on
        persons.person_id = ways.person_id
        and ways.occurred_on >= cast({{ dbt.dateadd('day', -window, 'persons.starts_on') }} as date)
        and ways.occurred_on < persons.starts_on
where ways.identity_level = 'confirmed' and ways.area <> 'all'
union all
select wave, person_id, 'role' as dimension, role as part from leaders
union all
select distinct wave, person_id, 'role' as dimension, 'leader' as part from leaders

-- Of the contributors whom an invitation reached, the share who completed the survey; and of those,
-- for each question, the share who answered it (a refusal is an answer).

{{ config(parts={
    'of': 'period_end',
    'among': "select ends_on from marts.fct_survey_person",
    'reads': {'dim_run': read_of_open_waves()},
}) }}

with waves as (
    select distinct
        persons.wave,
        persons.starts_on,
        persons.ends_on,
        persons.ends_on > cast(runs.as_of as date) as is_open
    from {{ ref('fct_survey_person') }} as persons
    cross join {{ ref('dim_run') }} as runs
    where {{ due('persons.ends_on') }}
),

invited as (
    select
        slices.wave,
        slices.dimension,
        slices.part,
        persons.person_id,
        persons.affiliation = 'unknown' as is_affiliation_unknown,
        persons.is_completed
    from {{ ref('fct_survey_slice') }} as slices
    inner join {{ ref('fct_survey_person') }} as persons using (wave, person_id)
    where persons.is_delivered
),

answered as (
    select
        wave,
        person_id,
        attribute,
        bool_or(attribute_value <> 'no_answer') as is_answered
    from {{ ref('fct_survey_answer') }}
    group by wave, person_id, attribute
),

asked as (
    select distinct wave, attribute from answered
),

rates as (
    select
        wave,
        dimension,
        part,
        null as attribute,
        count(*) filter (where is_completed) as reached,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) as persons
    from invited
    group by wave, dimension, part
    union all
    select
        invited.wave,
        invited.dimension,
        invited.part,
        asked.attribute,
        count(*) filter (where answered.is_answered) as reached,
        count(*) filter (where invited.is_affiliation_unknown) as unknown_persons,
        count(*) as persons
    from invited
    inner join asked using (wave)
    left join answered using (wave, person_id, attribute)
    where invited.is_completed
    group by invited.wave, invited.dimension, invited.part, asked.attribute
)

select
    'wave' as grain,
    cast(waves.starts_on as timestamp) as period_start,
    cast(waves.ends_on as timestamp) as period_end,
    rates.wave,
    case when rates.dimension = 'region' then rates.part end as region,
    case when rates.dimension = 'area' then rates.part end as area,
    case when rates.dimension = 'level' then rates.part end as level,
    case when rates.dimension = 'role' then rates.part end as role,
    rates.attribute,
    'community' as population,

    rates.reached / rates.persons as value,
    wilson_low(rates.reached, rates.persons) as ci_low,
    wilson_high(rates.reached, rates.persons) as ci_high,
    cast(rates.reached as double) as numerator,
    cast(rates.persons as double) as denominator,
    rates.persons,
    {{ smaller_group('rates.reached', 'rates.persons') }} as smallest_group,
    rates.unknown_persons / rates.persons as unknown_affiliation_share,
    case when waves.is_open then 'provisional' else 'complete' end as status,
    cast(null as varchar) as flags
from rates
inner join waves using (wave)

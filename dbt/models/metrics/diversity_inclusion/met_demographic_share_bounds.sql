-- Between which limits the share of a value lies among all contributors, whatever those who told
-- nothing would have told: the low one takes that none of them has it, the high one that all have.
-- A refusal tells nothing.

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

chosen as (
    select answers.wave, answers.person_id, answers.attribute, answers.attribute_value
    from {{ ref('fct_survey_answer') }} as answers
    inner join {{ ref('fct_survey_person') }} as persons using (wave, person_id)
    where
        persons.is_completed
        and answers.attribute_value not in ('no_answer', 'prefer_not_to_say')
),

contributors as (
    select
        slices.wave,
        slices.dimension,
        slices.part,
        count(*) as contributors,
        count(*) filter (where persons.affiliation = 'unknown') as unknown_persons
    from {{ ref('fct_survey_slice') }} as slices
    inner join {{ ref('fct_survey_person') }} as persons using (wave, person_id)
    group by slices.wave, slices.dimension, slices.part
),

known as (
    select
        slices.wave,
        slices.dimension,
        slices.part,
        chosen.attribute,
        count(distinct chosen.person_id) as known
    from {{ ref('fct_survey_slice') }} as slices
    inner join chosen using (wave, person_id)
    group by slices.wave, slices.dimension, slices.part, chosen.attribute
),

taken as (
    select
        slices.wave,
        slices.dimension,
        slices.part,
        chosen.attribute,
        chosen.attribute_value,
        count(*) as with_it
    from {{ ref('fct_survey_slice') }} as slices
    inner join chosen using (wave, person_id)
    group by slices.wave, slices.dimension, slices.part, chosen.attribute, chosen.attribute_value
),

counted as (
    select
        contributors.wave,
        contributors.dimension,
        contributors.part,
        contributors.contributors,
        contributors.unknown_persons,
        options.attribute,
        options.attribute_value,
        coalesce(known.known, 0) as known,
        coalesce(taken.with_it, 0) as with_it
    from contributors
    inner join (select distinct wave, attribute, attribute_value from chosen) as options
        using (wave)
    left join known using (wave, dimension, part, attribute)
    left join taken using (wave, dimension, part, attribute, attribute_value)
),

limits as (
    select counted.*, share_bounds(with_it, known, contributors) as bounds from counted
),

pairs as (
    select limits.*, 'low' as category, bounds.low as value from limits
    union all
    select limits.*, 'high' as category, bounds.high as value from limits
)

select
    'wave' as grain,
    cast(waves.starts_on as timestamp) as period_start,
    cast(waves.ends_on as timestamp) as period_end,
    pairs.wave,
    case when pairs.dimension = 'region' then pairs.part end as region,
    case when pairs.dimension = 'area' then pairs.part end as area,
    case when pairs.dimension = 'level' then pairs.part end as level,
    case when pairs.dimension = 'role' then pairs.part end as role,
    pairs.attribute,
    pairs.attribute_value,
    pairs.category,
    'community' as population,

    pairs.value,
    pairs.value * pairs.contributors as numerator,
    cast(pairs.contributors as double) as denominator,
    pairs.contributors as persons,
    least(pairs.with_it, pairs.known - pairs.with_it) as smallest_group,
    pairs.known / pairs.contributors as coverage,
    pairs.unknown_persons / pairs.contributors as unknown_affiliation_share,
    case when waves.is_open then 'provisional' else 'complete' end as status,
    {{ flags_of({'not_known': 'pairs.bounds.high - pairs.bounds.low > 0.5'}) }} as flags
from pairs
inner join waves using (wave)

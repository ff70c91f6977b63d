-- The share of a value of a survey attribute among those who answered the question, weighted so
-- that every region and activity level counts as much as it has contributors; the raw share beside
-- it. A stratum that nobody answered from goes with the next larger one of its region that somebody
-- did; where there is none it is not covered.

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
    where persons.is_completed and answers.attribute_value <> 'no_answer'
),

answered as (
    select distinct wave, person_id, attribute from chosen
),

options as (
    select distinct wave, attribute, attribute_value from chosen
),

strata as (
    select
        slices.wave,
        slices.dimension,
        slices.part,
        asked.attribute,
        persons.region,
        persons.level,
        count(*) as contributors,
        count(answered.person_id) as respondents,
        count(answered.person_id) filter (where persons.affiliation = 'unknown')
            as unknown_respondents
    from {{ ref('fct_survey_slice') }} as slices
    inner join {{ ref('fct_survey_person') }} as persons using (wave, person_id)
    inner join (select distinct wave, attribute from options) as asked using (wave)
    left join answered using (wave, person_id, attribute)
    group by
        slices.wave,
        slices.dimension,
        slices.part,
        asked.attribute,
        persons.region,
        persons.level
),

merged as (
    select
        strata.*,
        first_value(case when respondents > 0 then level end ignore nulls) over (
            partition by wave, dimension, part, attribute, region
            order by contributors asc, level asc
            rows between current row and unbounded following
        ) as cell
    from strata
),

cells as (
    select
        wave,
        dimension,
        part,
        attribute,
        region,
        cell,
        sum(contributors) as contributors,
        sum(respondents) as respondents,
        sum(unknown_respondents) as unknown_respondents
    from merged
    group by wave, dimension, part, attribute, region, cell
),

counted as (
    select
        merged.wave,
        merged.dimension,
        merged.part,
        merged.attribute,
        merged.region,
        merged.cell,
        chosen.attribute_value,
        count(*) as chosen
    from chosen
    inner join {{ ref('fct_survey_slice') }} as slices using (wave, person_id)
    inner join {{ ref('fct_survey_person') }} as persons using (wave, person_id)
    inner join merged
        on
            chosen.wave = merged.wave
            and chosen.attribute = merged.attribute
            and slices.dimension = merged.dimension
            and slices.part = merged.part
            and persons.region = merged.region
            and persons.level = merged.level
    group by
        merged.wave,
        merged.dimension,
        merged.part,
        merged.attribute,
        merged.region,
        merged.cell,
        chosen.attribute_value
),

filled as (
    select
        cells.wave,
        cells.dimension,
        cells.part,
        cells.attribute,
        options.attribute_value,
        cells.region,
        cells.cell,
        cast(cells.contributors as double) as contributors,
        cast(coalesce(counted.chosen, 0) as double) as chosen,
        cast(cells.respondents as double) as respondents,
        cells.unknown_respondents
    from cells
    inner join options using (wave, attribute)
    left join counted
        on
            cells.wave = counted.wave
            and cells.dimension = counted.dimension
            and cells.part = counted.part
            and cells.attribute = counted.attribute
            and cells.region = counted.region
            and cells.cell = counted.cell
            and options.attribute_value = counted.attribute_value
),

lists as (
    select
        wave,
        dimension,
        part,
        attribute,
        attribute_value,
        list(contributors order by region, cell) filter (where cell is not null) as sizes,
        list(chosen order by region, cell) filter (where cell is not null) as chosen,
        list(respondents order by region, cell) filter (where cell is not null) as respondents,
        sum(contributors) as contributors,
        sum(unknown_respondents) as unknown_respondents
    from filled
    group by wave, dimension, part, attribute, attribute_value
),

weighted as (
    select
        *,
        weighted_share(sizes, chosen, respondents) as share,
        coalesce(list_sum(sizes), 0) as covered,
        cast(coalesce(list_sum(chosen), 0) as bigint) as with_it,
        cast(coalesce(list_sum(respondents), 0) as bigint) as persons
    from lists
),

pairs as (
    select
        weighted.*,
        'weighted' as category,
        share.value as value,
        share.low as low,
        share.high as high,
        share.n_eff as n_eff,
        covered as denominator
    from weighted
    union all
    select
        weighted.*,
        'raw' as category,
        with_it / nullif(persons, 0) as value,
        wilson_low(with_it, persons) as low,
        wilson_high(with_it, persons) as high,
        share.n_eff as n_eff,
        cast(persons as double) as denominator
    from weighted
),

judged as (
    select
        pairs.*,
        waves.starts_on,
        waves.ends_on,
        case
            when persons = 0 then 'no_denominator'
            when n_eff < {{ var('parameters')['survey_least_n_eff'] }} then 'insufficient'
            when waves.is_open then 'provisional'
            else 'complete'
        end as status
    from pairs
    inner join waves using (wave)
)

select
    'wave' as grain,
    cast(starts_on as timestamp) as period_start,
    cast(ends_on as timestamp) as period_end,
    wave,
    case when dimension = 'region' then part end as region,
    case when dimension = 'area' then part end as area,
    case when dimension = 'level' then part end as level,
    case when dimension = 'role' then part end as role,
    attribute,
    attribute_value,
    category,
    'community' as population,

    case when status in ('complete', 'provisional') then value end as value,
    case when status in ('complete', 'provisional') then low end as ci_low,
    case when status in ('complete', 'provisional') then high end as ci_high,
    case when status in ('complete', 'provisional') then value * denominator end as numerator,
    denominator,
    persons,
    least(with_it, persons - with_it) as smallest_group,
    covered / contributors as coverage,
    unknown_respondents / nullif(persons, 0) as unknown_affiliation_share,
    status,
    {{ flags_of({
        'few_respondents': "status = 'insufficient'",
        'uncovered_strata': 'covered < contributors',
    }) }} as flags
from judged

-- The rate of an outcome in one group minus the rate of everybody else whose value is known, with
-- Newcombe's interval. A gap is `evident` when its interval leaves out 0 and it survives the
-- correction for all gaps of the period (Benjamini-Hochberg, 5 %); else there is
-- `no_evident_difference`. Both sides need as many persons as a group must have to be shown.

{% set parameters = var('parameters') %}
with slices as (
    select
        grain,
        period_start,
        period_end,
        population,
        case when is_newness_known then status else 'unavailable' end as status,
        not is_newness_known as is_left_censored,
        is_source_missing,
        'retained_180d' as outcome
    from ({{ cohort_slices(['quarter'], ['all', 'community']) }}) as slices
    where area = 'all' and (status = 'unavailable' or period_end + to_days(180) <= known_until)
),

newcomers as (
    select
        date_trunc('quarter', newcomers.first_on) as period_start,
        populations.population,
        newcomers.person_id,
        'retained_180d' as outcome,
        windows.is_retained as is_reached,
        [
            struct_pack(attribute := 'region', attribute_value := newcomers.region_after_90_days),
            struct_pack(attribute := 'locale', attribute_value := newcomers.first_locale)
        ] as groups
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('fct_newcomer_window') }} as windows using (identity_level, person_id)
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where newcomers.identity_level = 'confirmed' and windows.from_day = 90 and windows.to_day = 180
),

-- One row a person, outcome and grouping; without a known value a person is on neither side.
judged as (
    select
        period_start,
        population,
        outcome,
        is_reached,
        unnest(groups, recursive := true)
    from newcomers
),

known as (
    select * from judged
    where attribute_value is not null and attribute_value <> 'unknown'
),

sides as (
    select
        period_start,
        population,
        outcome,
        attribute,
        attribute_value,
        count(*) as persons,
        count(*) filter (where is_reached) as reached
    from known
    group by period_start, population, outcome, attribute, attribute_value
),

gathered as (
    select
        period_start,
        population,
        outcome,
        attribute,
        count(*) as persons,
        count(*) filter (where attribute_value is not null and attribute_value <> 'unknown')
            as known_persons
    from judged
    group by period_start, population, outcome, attribute
),

compared as (
    select
        sides.*,
        gathered.known_persons / gathered.persons as coverage,
        gathered.known_persons - sides.persons as other_persons,
        sum(sides.reached) over grouping_of - sides.reached as other_reached,
        least(sides.persons, gathered.known_persons - sides.persons)
        >= {{ parameters['min_persons'] }} as is_enough
    from sides
    inner join gathered using (period_start, population, outcome, attribute)
    window grouping_of as (
        partition by sides.period_start, sides.population, sides.outcome, sides.attribute
    )
),

gaps as (
    select
        *,
        case when is_enough then newcombe(reached, persons, other_reached, other_persons) end
            as gap,
        case
            when is_enough then two_proportion_p(reached, persons, other_reached, other_persons)
        end as p
    from compared
),

-- The gaps of a period that could be tested, in one order, corrected together.
corrected as (
    select
        period_start,
        population,
        unnest(
            list(
                struct_pack(outcome, attribute, attribute_value)
                order by outcome, attribute, attribute_value
            ),
            recursive := true
        ),
        unnest(benjamini_hochberg(list(p order by outcome, attribute, attribute_value))) as survives
    from gaps
    inner join slices using (period_start, population, outcome)
    where gaps.is_enough and slices.status <> 'unavailable'
    group by period_start, population
),

measured as (
    select
        slices.*,
        gaps.attribute,
        gaps.attribute_value,
        slices.status <> 'unavailable' as is_measured,
        coalesce(gaps.is_enough, false) as is_enough,
        gaps.gap,
        gaps.reached,
        gaps.persons,
        gaps.other_persons,
        gaps.other_reached::bigint as other_reached,
        gaps.coverage,
        coalesce(corrected.survives, false) and (gaps.gap.low > 0 or gaps.gap.high < 0)
            as is_evident
    from slices
    left join gaps
        on
            slices.period_start = gaps.period_start
            and slices.population = gaps.population
            and slices.outcome = gaps.outcome
            and slices.status <> 'unavailable'
    left join corrected
        on
            gaps.period_start = corrected.period_start
            and gaps.population = corrected.population
            and gaps.outcome = corrected.outcome
            and gaps.attribute = corrected.attribute
            and gaps.attribute_value = corrected.attribute_value
)

select
    grain,
    period_start,
    period_end,
    outcome,
    attribute,
    attribute_value,
    population,

    case when is_enough then gap.value end as value,
    case when is_enough then gap.low end as ci_low,
    case when is_enough then gap.high end as ci_high,
    case when is_measured then reached end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons + other_persons end as persons,
    case
        when is_measured and attribute is not null
            then {{ smaller_group(
                smaller_group('reached', 'persons'), smaller_group('other_reached', 'other_persons')
            ) }}
    end as smallest_group,
    case when is_measured then coverage end as coverage,
    case
        when not is_measured then 'unavailable'
        when attribute is null then 'no_denominator'
        when not is_enough then 'insufficient'
        else status
    end as status,
    {{ flags({
        'evident': 'is_enough and is_evident',
        'few_persons': 'is_measured and attribute is not null and not is_enough',
        'left_censored': 'is_left_censored',
        'low_coverage': 'is_measured and coverage < ' ~ parameters['region_coverage_floor'],
        'no_evident_difference': 'is_enough and not is_evident',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

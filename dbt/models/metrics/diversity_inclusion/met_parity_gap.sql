-- The rate of an outcome in one group minus the rate of everybody else whose value is known, with
-- Newcombe's interval. A gap is `evident` when its interval leaves out 0 and it survives the
-- correction for all gaps of the period (Benjamini-Hochberg, 5 %); else there is
-- `no_evident_difference`. Both sides need as many persons as a group must have to be shown. Where
-- probable links hold too, gaps are measured by the same rules, and not judged.

{% set parameters = var('parameters') %}
{% set longest = [180, parameters['answer_judged_within_days']] | max %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'dim_period': read_of_period(['quarter']),
        'fct_area_period': read_of_areas(['quarter', 'trailing_365d']),
        'dim_area_horizon': read_of_horizons(['quarter'], longest),
        'fct_newcomer': {
            'columns': [
                'identity_level', 'person_id', 'affiliation', 'region_after_90_days',
                'first_locale', 'first_on',
            ],
            'since': 'first_on',
            'until': end_of_quarter('first_on'),
        },
        'fct_newcomer_window': {
            'rows': "
                select outcomes.*, newcomers.first_on
                from marts.fct_newcomer_window as outcomes
                inner join marts.fct_newcomer as newcomers using (identity_level, person_id)
                where outcomes.from_day = 90 and outcomes.to_day = 180
            ",
            'columns': ['identity_level', 'person_id', 'from_day', 'to_day', 'is_retained'],
            'since': 'first_on',
            'until': end_of_quarter('first_on'),
        },
        'fct_first_contribution': {
            'columns': [
                'person_id', 'outcome_30d', 'response_hours', 'is_first_with_probable',
                'can_be_accepted', 'can_be_responded_to', 'occurred_on',
            ],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_quarter('occurred_on'),
        },
        'dim_identity': read_of_members(),
        'dim_identity_country': read_of_countries(),
        'fct_identity_window': read_at_end(
            ['identity_level', 'person_id', 'area', 'population', 'is_affiliation_unknown'],
            rows="
                select windows.*
                from marts.fct_identity_window as windows
                inner join marts.dim_period as quarters using (period_end)
                where
                    quarters.grain = 'quarter'
                    and windows.area = 'all'
                    and windows.population in ('all', 'community')
            "
        ),
        'fct_identity_level': read_at_end(
            ['identity_level', 'person_id', 'area', 'tenure', 'region'],
            rows="
                select levels.*
                from marts.fct_identity_level as levels
                inner join marts.dim_period as quarters using (period_end)
                where quarters.grain = 'quarter' and levels.area = 'all'
            "
        ),
        'fct_recognised': read_at_end(['identity_level', 'person_id']),
        'fct_identity_leadership': read_at_end(['identity_level', 'person_id', 'silent_days']),
    },
}) }}

with cohorts as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.population,
        outcomes.outcome,
        case when slices.is_newness_known then slices.status else 'unavailable' end as status,
        case when not slices.is_newness_known then 'left_censored' end as why,
        slices.is_source_missing
    from ({{ cohort_slices(['quarter'], ['all', 'community'], only_due=true) }}) as slices
    cross join (
        values ('retained_180d', 180 * 24),
        ('first_response_72h', 72),
        ('accepted_30d', 24 * {{ parameters['answer_judged_within_days'] }})
    ) as outcomes (outcome, hours)
    where
        slices.area = 'all'
        and (
            slices.status = 'unavailable'
            or slices.period_end + to_hours(outcomes.hours) <= slices.known_until
        )
),

-- What is not known of anybody is no rate of zero.
led as (
    select distinct period_end from {{ ref('fct_identity_leadership') }}
),

years as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.population,
        outcomes.outcome,
        case
            when windows.period_start is null then 'unavailable'
            when outcomes.outcome = 'leader_now' and led.period_end is null then 'unavailable'
            when
                outcomes.outcome = 'recognised_365d'
                and not coalesce(recognitions.known_from < slices.period_end::date, false)
                then 'unavailable'
            else slices.status
        end as status,
        case
            when outcomes.outcome = 'leader_now' and led.period_end is null then 'roles_unknown'
            when
                outcomes.outcome = 'recognised_365d'
                and not coalesce(recognitions.known_from < slices.period_end::date, false)
                then 'recognition_unknown'
        end as why,
        slices.is_source_missing
    from ({{ area_slices(['quarter'], ['all', 'community'], only_due=true) }}) as slices
    left join {{ ref('fct_area_period') }} as windows
        on
            slices.area = windows.area
            and slices.period_end = windows.period_end
            and windows.grain = 'trailing_365d'
            and windows.status <> 'unavailable'
    left join {{ ref('fct_recognition_area') }} as recognitions
        on slices.area = recognitions.area
    left join led on slices.period_end = led.period_end
    cross join (select unnest(['recognised_365d', 'leader_now']) as outcome) as outcomes
    where slices.area = 'all'
),

slices as (
    select * from cohorts
    union all
    select * from years
),

newcomers as (
    select
        newcomers.identity_level,
        date_trunc('quarter', newcomers.first_on) as period_start,
        populations.population,
        newcomers.person_id,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        'retained_180d' as outcome,
        windows.is_retained as is_reached,
        [
            struct_pack(attribute := 'region', attribute_value := newcomers.region_after_90_days),
            struct_pack(attribute := 'locale', attribute_value := newcomers.first_locale)
        ] as groups
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('fct_newcomer_window') }} as windows using (identity_level, person_id)
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where
        windows.from_day = 90
        and windows.to_day = 180
        and {{ due(end_of_quarter('newcomers.first_on')) }}
),

-- With probable links followed too, only the earliest of a person's accounts began.
answered as (
    select
        newcomers.identity_level,
        date_trunc('quarter', newcomers.first_on) as period_start,
        populations.population,
        newcomers.person_id,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        outcomes.outcome,
        case
            when outcomes.outcome = 'accepted_30d' then firsts.outcome_30d = 'accepted'
            else coalesce(firsts.response_hours < 72, false)
        end as is_reached,
        [
            struct_pack(attribute := 'region', attribute_value := countries.region),
            struct_pack(attribute := 'locale', attribute_value := newcomers.first_locale)
        ] as groups
    from {{ ref('fct_first_contribution') }} as firsts
    inner join {{ ref('dim_identity') }} as identities on firsts.person_id = identities.member_id
    inner join {{ ref('fct_newcomer') }} as newcomers
        on
            identities.identity_level = newcomers.identity_level
            and identities.person_id = newcomers.person_id
    inner join {{ ref('dim_population') }} as populations
        on newcomers.affiliation = populations.affiliation
    left join {{ ref('dim_identity_country') }} as countries
        on
            newcomers.identity_level = countries.identity_level
            and newcomers.person_id = countries.person_id
            and date_trunc('quarter', newcomers.first_on) + interval 3 month > countries.seen_from
            and date_trunc('quarter', newcomers.first_on) + interval 3 month <= countries.seen_until
    cross join (select unnest(['first_response_72h', 'accepted_30d']) as outcome) as outcomes
    where
        (newcomers.identity_level = 'confirmed' or firsts.is_first_with_probable)
        and {{ due(end_of_quarter('newcomers.first_on')) }}
        and case
            when outcomes.outcome = 'accepted_30d'
                then firsts.can_be_accepted and firsts.outcome_30d is not null
            else firsts.can_be_responded_to
        end
),

active as (
    select
        active.identity_level,
        quarters.period_start,
        active.population,
        active.person_id,
        active.is_affiliation_unknown,
        outcomes.outcome,
        case
            when outcomes.outcome = 'leader_now' then leaders.person_id is not null
            else recognised.person_id is not null
        end as is_reached,
        [
            struct_pack(attribute := 'region', attribute_value := levels.region),
            struct_pack(attribute := 'tenure', attribute_value := levels.tenure)
        ] as groups
    from {{ ref('dim_period') }} as quarters
    inner join {{ ref('fct_identity_window') }} as active
        on quarters.period_end = active.period_end and active.area = 'all'
    inner join {{ ref('fct_identity_level') }} as levels
        on
            active.identity_level = levels.identity_level
            and active.person_id = levels.person_id
            and active.period_end = levels.period_end
            and levels.area = 'all'
    cross join (select unnest(['recognised_365d', 'leader_now']) as outcome) as outcomes
    left join {{ ref('fct_recognised') }} as recognised
        on
            active.identity_level = recognised.identity_level
            and active.person_id = recognised.person_id
            and active.period_end = recognised.period_end
    left join (
        select distinct identity_level, person_id, period_end
        from {{ ref('fct_identity_leadership') }}
        where silent_days <= {{ var('parameters')['leader_window_days'] }}
    ) as leaders
        on
            active.identity_level = leaders.identity_level
            and active.person_id = leaders.person_id
            and active.period_end = leaders.period_end
    where
        quarters.grain = 'quarter'
        and active.population in ('all', 'community')
        and {{ due('quarters.period_end') }}
),

persons as (
    select * from newcomers
    union all by name
    select * from answered
    union all by name
    select * from active
),

-- One row a person, outcome and grouping; without a known value a person is on neither side.
judged as (
    select
        identity_level,
        period_start,
        population,
        outcome,
        is_affiliation_unknown,
        is_reached,
        unnest(groups, recursive := true)
    from persons
),

known as (
    select * from judged
    where attribute_value is not null and attribute_value <> 'unknown'
),

sides as (
    select
        identity_level,
        period_start,
        population,
        outcome,
        attribute,
        attribute_value,
        count(*) as persons,
        count(*) filter (where is_reached) as reached
    from known
    group by identity_level, period_start, population, outcome, attribute, attribute_value
),

gathered as (
    select
        identity_level,
        period_start,
        population,
        outcome,
        attribute,
        count(*) as persons,
        count(*) filter (where attribute_value is not null and attribute_value <> 'unknown')
            as known_persons,
        count(*) filter (
            where
            attribute_value is not null
            and attribute_value <> 'unknown'
            and is_affiliation_unknown
        ) as unknown_persons
    from judged
    group by identity_level, period_start, population, outcome, attribute
),

compared as (
    select
        sides.*,
        gathered.known_persons / gathered.persons as coverage,
        gathered.unknown_persons,
        gathered.known_persons - sides.persons as other_persons,
        sum(sides.reached) over grouping_of - sides.reached as other_reached,
        least(sides.persons, gathered.known_persons - sides.persons)
        >= {{ parameters['min_persons'] }} as is_enough
    from sides
    inner join gathered using (identity_level, period_start, population, outcome, attribute)
    window grouping_of as (
        partition by
            sides.identity_level,
            sides.period_start,
            sides.population,
            sides.outcome,
            sides.attribute
    )
),

-- What people told of themselves, in the newest wave that opened in the year before the quarter's
-- end. Each answer stands for as many contributors of its region and level as did not answer; a
-- level without answers goes with the next larger one of its region that has some. Who was asked,
-- and how much an answer weighs, is told by confirmed links; what the accounts of one person
-- answered is taken together.
waves as (
    select
        quarters.period_start,
        surveyed.wave
    from {{ ref('dim_period') }} as quarters
    inner join (select distinct wave, starts_on from {{ ref('fct_survey_person') }}) as surveyed
        on
            quarters.period_end > surveyed.starts_on
            and quarters.period_end - to_days({{ parameters['contributor_window_days'] }})
            <= surveyed.starts_on
    where quarters.grain = 'quarter'
    qualify
        row_number() over (
            partition by quarters.period_start order by surveyed.starts_on desc, surveyed.wave asc
        ) = 1
),

told as (
    select answers.wave, answers.person_id, answers.attribute, answers.attribute_value
    from {{ ref('fct_survey_answer') }} as answers
    inner join {{ ref('fct_survey_person') }} as surveyed using (wave, person_id)
    where
        surveyed.is_completed
        and surveyed.affiliation in ('volunteer', 'unknown')
        and answers.attribute_value not in ('no_answer', 'prefer_not_to_say')
),

strata as (
    select
        surveyed.wave,
        asked.attribute,
        surveyed.region,
        surveyed.level,
        count(*) as contributors,
        count(respondents.person_id) as respondents
    from {{ ref('fct_survey_person') }} as surveyed
    inner join (select distinct wave, attribute from told) as asked using (wave)
    left join (select distinct wave, person_id, attribute from told) as respondents
        using (wave, person_id, attribute)
    where surveyed.affiliation in ('volunteer', 'unknown')
    group by surveyed.wave, asked.attribute, surveyed.region, surveyed.level
),

merged as (
    select
        *,
        first_value(case when respondents > 0 then level end ignore nulls) over (
            partition by wave, attribute, region
            order by contributors asc, level asc
            rows between current row and unbounded following
        ) as cell
    from strata
),

weights as (
    select
        wave,
        attribute,
        region,
        cell as level,
        -- a decimal: its sums are the same in any order
        (sum(contributors) / sum(respondents))::decimal(18, 12) as weight
    from merged
    where cell is not null
    group by wave, attribute, region, cell
),

weighed as (
    select
        answers.wave,
        answers.person_id,
        answers.attribute,
        answers.chosen,
        weights.weight
    from (
        select wave, person_id, attribute, list(attribute_value) as chosen
        from told
        group by wave, person_id, attribute
    ) as answers
    inner join {{ ref('fct_survey_person') }} as surveyed using (wave, person_id)
    inner join weights
        on
            answers.wave = weights.wave
            and answers.attribute = weights.attribute
            and surveyed.region = weights.region
            and surveyed.level = weights.level
),

answers as (
    select
        identities.identity_level,
        weighed.wave,
        identities.person_id,
        weighed.attribute,
        flatten(list(weighed.chosen)) as chosen,
        sum(weighed.weight)::decimal(18, 12) as weight
    from weighed
    inner join {{ ref('dim_identity') }} as identities on weighed.person_id = identities.member_id
    group by identities.identity_level, weighed.wave, identities.person_id, weighed.attribute
),

respondents as (
    select
        persons.identity_level,
        persons.period_start,
        persons.population,
        persons.outcome,
        persons.person_id,
        persons.is_affiliation_unknown,
        persons.is_reached,
        answers.attribute,
        answers.chosen,
        answers.weight
    from persons
    inner join waves using (period_start)
    inner join answers using (identity_level, wave, person_id)
    where persons.population = 'community'
),

options as (
    select distinct
        identity_level,
        period_start,
        population,
        outcome,
        attribute,
        unnest(chosen) as attribute_value
    from respondents
),

survey_sides as (
    select
        options.*,
        list_contains(respondents.chosen, options.attribute_value) as is_in,
        count(*) as persons,
        count(*) filter (where respondents.is_affiliation_unknown) as unknown_persons,
        count(*) filter (where respondents.is_reached) as reached,
        coalesce(sum(respondents.weight) filter (where respondents.is_reached), 0)
        / sum(respondents.weight) as rate,
        sum(respondents.weight) ** 2 / sum(respondents.weight * respondents.weight) as n_eff
    from options
    inner join respondents using (identity_level, period_start, population, outcome, attribute)
    group by
        options.identity_level,
        options.period_start,
        options.population,
        options.outcome,
        options.attribute,
        options.attribute_value,
        list_contains(respondents.chosen, options.attribute_value)
),

survey_compared as (
    select
        identity_level,
        period_start,
        population,
        outcome,
        attribute,
        attribute_value,
        sum(unknown_persons)::bigint as unknown_persons,
        coalesce(max(persons) filter (where is_in), 0) as persons,
        coalesce(max(reached) filter (where is_in), 0) as reached,
        coalesce(max(persons) filter (where not is_in), 0) as other_persons,
        coalesce(max(reached) filter (where not is_in), 0) as other_reached,
        max(rate) filter (where is_in) as rate,
        max(n_eff) filter (where is_in) as n_eff,
        max(rate) filter (where not is_in) as other_rate,
        max(n_eff) filter (where not is_in) as other_n_eff
    from survey_sides
    group by identity_level, period_start, population, outcome, attribute, attribute_value
),

survey_gaps as (
    select
        survey_compared.*,
        (survey_compared.persons + survey_compared.other_persons) / everybody.persons as coverage,
        least(survey_compared.persons, survey_compared.other_persons)
        >= {{ parameters['survey_min_persons'] }} as is_enough
    from survey_compared
    inner join (
        select identity_level, period_start, population, outcome, count(*) as persons
        from persons
        group by identity_level, period_start, population, outcome
    ) as everybody using (identity_level, period_start, population, outcome)
),

gaps as (
    select
        *,
        false as is_of_survey,
        case when is_enough then newcombe(reached, persons, other_reached, other_persons) end
            as gap,
        case
            when is_enough then two_proportion_p(reached, persons, other_reached, other_persons)
        end as p
    from compared
    union all by name
    select
        * exclude (rate, n_eff, other_rate, other_n_eff),
        true as is_of_survey,
        case
            when is_enough
                then newcombe(rate * n_eff, n_eff, other_rate * other_n_eff, other_n_eff)
        end as gap,
        case
            when is_enough
                then two_proportion_p(rate * n_eff, n_eff, other_rate * other_n_eff, other_n_eff)
        end as p
    from survey_gaps
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
    where
        gaps.identity_level = 'confirmed'
        and gaps.is_enough
        and slices.status <> 'unavailable'
    group by period_start, population
),

measured as (
    select
        slices.*,
        gaps.attribute,
        gaps.attribute_value,
        coalesce(gaps.is_of_survey, false) as is_of_survey,
        slices.status <> 'unavailable' as is_measured,
        coalesce(gaps.is_enough, false) as is_enough,
        gaps.gap,
        gaps.reached,
        gaps.persons,
        gaps.other_persons,
        gaps.other_reached::bigint as other_reached,
        gaps.coverage,
        gaps.unknown_persons,
        probable.gap.value as value_with_probable,
        probable.reached as probable_reached,
        probable.persons as probable_persons,
        probable.other_persons as probable_other_persons,
        probable.other_reached::bigint as probable_other_reached,
        coalesce(corrected.survives, false) and (gaps.gap.low > 0 or gaps.gap.high < 0)
            as is_evident
    from slices
    left join gaps
        on
            gaps.identity_level = 'confirmed'
            and slices.period_start = gaps.period_start
            and slices.population = gaps.population
            and slices.outcome = gaps.outcome
            and slices.status <> 'unavailable'
    left join gaps as probable
        on
            probable.identity_level = 'probable'
            and probable.is_enough
            and gaps.period_start = probable.period_start
            and gaps.population = probable.population
            and gaps.outcome = probable.outcome
            and gaps.attribute = probable.attribute
            and gaps.attribute_value = probable.attribute_value
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
    case when is_enough then value_with_probable end as value_with_probable,
    case when is_measured then reached end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons + other_persons end as persons,
    case
        when is_measured and is_of_survey
            then least(
                reached,
                persons - reached,
                other_reached,
                other_persons - other_reached,
                probable_reached,
                probable_persons - probable_reached,
                probable_other_reached,
                probable_other_persons - probable_other_reached
            )
        when is_measured and attribute is not null
            then {{ smaller_group(
                smaller_group(
                    smaller_group('reached', 'persons'),
                    smaller_group('other_reached', 'other_persons')
                ),
                smaller_group(
                    smaller_group('probable_reached', 'probable_persons'),
                    smaller_group('probable_other_reached', 'probable_other_persons')
                )
            ) }}
    end as smallest_group,
    case when is_measured then coverage end as coverage,
    case
        when is_measured and population = 'community'
            then unknown_persons / nullif(persons + other_persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when attribute is null then 'no_denominator'
        when not is_enough then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'evident': 'is_enough and is_evident',
        'few_persons': 'is_measured and attribute is not null and not is_enough',
        'left_censored': "why = 'left_censored'",
        'low_coverage': 'is_measured and coverage < ' ~ parameters['region_coverage_floor'],
        'no_evident_difference': 'is_enough and not is_evident',
        'recognition_unknown': "why = 'recognition_unknown'",
        'roles_unknown': "why = 'roles_unknown'",
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

-- How likely those of a group are recognised, beside everybody else of whom it is known: the share
-- with a formal recognition in the year, in the group, divided by the same of the others. Groups
-- are regions, the locale of most active days, areas, and those with and without a day of code.

{% set days = var('parameters')['recognition_days'] %}
with periods as (
    select * from (
        {{ window_slices('year', days, ['all', 'community']) }}
    ) as windows
    where area = 'all'
),

ends as (
    select distinct period_end from periods
),

persons as (
    select
        windows.identity_level,
        windows.period_end,
        windows.population,
        windows.area,
        windows.person_id,
        windows.is_affiliation_unknown,
        recognised.person_id is not null as is_recognised
    from {{ ref('fct_identity_window') }} as windows
    inner join ends using (period_end)
    left join {{ ref('fct_recognised') }} as recognised
        on
            windows.identity_level = recognised.identity_level
            and windows.person_id = recognised.person_id
            and windows.period_end = recognised.period_end
),

everybody as (
    select * exclude (area) from persons where area = 'all'
),

locale_days as (
    select
        identities.identity_level,
        ends.period_end,
        identities.person_id,
        facts.locale,
        count(distinct facts.occurred_on) as active_days
    from ends
    inner join {{ ref('fct_contribution') }} as facts
        on
            ends.period_end > facts.occurred_on
            and (ends.period_end - interval {{ days }} day)::date <= facts.occurred_on
    inner join {{ ref('dim_identity') }} as identities on facts.person_id = identities.member_id
    where facts.locale is not null and not (facts.area = 'localization' and facts.locale = 'en-US')
    group by identities.identity_level, ends.period_end, identities.person_id, facts.locale
),

locales as (
    select identity_level, period_end, person_id, locale
    from locale_days
    qualify
        row_number() over (
            partition by identity_level, period_end, person_id
            order by active_days desc, locale asc
        ) = 1
),

coders as (
    select distinct identity_level, period_end, population, person_id
    from persons
    where area = 'code'
),

memberships as (
    select everybody.*, 'region' as attribute, levels.region as attribute_value
    from everybody
    inner join {{ ref('fct_identity_level') }} as levels
        on
            everybody.identity_level = levels.identity_level
            and everybody.person_id = levels.person_id
            and everybody.period_end = levels.period_end
            and levels.area = 'all'
    union all
    select
        everybody.*,
        'locale' as attribute,
        coalesce(locales.locale, 'unknown') as attribute_value
    from everybody
    left join locales using (identity_level, period_end, person_id)
    union all
    select
        everybody.*,
        'code' as attribute,
        case when coders.person_id is null then 'non_code' else 'code' end as attribute_value
    from everybody
    left join coders using (identity_level, period_end, population, person_id)
    union all
    select everybody.*, 'area' as attribute, areas.area as attribute_value
    from everybody
    inner join persons as areas using (identity_level, period_end, population, person_id)
    where areas.area <> 'all'
),

counted as (
    select
        identity_level,
        period_end,
        population,
        attribute,
        attribute_value,
        count(*) as persons,
        count_if(is_recognised) as recognised
    from memberships
    where attribute_value <> 'unknown'
    group by identity_level, period_end, population, attribute, attribute_value
),

-- A person may be in several areas, so that everybody is counted anew, not summed.
totals as (
    select
        identity_level,
        period_end,
        population,
        attribute,
        count(distinct person_id) as everybody,
        count(distinct person_id) filter (where attribute_value <> 'unknown') as known,
        count(distinct person_id) filter (where attribute_value <> 'unknown' and is_recognised)
            as known_recognised,
        count(distinct person_id) filter (
            where attribute_value <> 'unknown' and is_affiliation_unknown
        ) as known_of_unknown_affiliation
    from memberships
    group by identity_level, period_end, population, attribute
),

splits as (
    select distinct attribute, attribute_value from counted where identity_level = 'confirmed'
),

measured as (
    select
        periods.*,
        splits.attribute,
        splits.attribute_value,
        not known.is_whole as is_partly_known,
        coalesce(known.known_from < periods.period_end::date, false) as is_recognition_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.recognised, 0) as recognised,
        coalesce(totals.known, 0) - coalesce(counted.persons, 0) as others,
        coalesce(totals.known_recognised, 0) - coalesce(counted.recognised, 0) as others_recognised,
        totals.known / totals.everybody as coverage,
        totals.known_of_unknown_affiliation,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.recognised, 0) as probable_recognised,
        coalesce(probable_totals.known, 0) - coalesce(probable.persons, 0) as probable_others,
        coalesce(probable_totals.known_recognised, 0) - coalesce(probable.recognised, 0)
            as probable_others_recognised
    from periods
    cross join splits
    left join {{ ref('fct_recognition_area') }} as known using (area)
    left join totals
        on
            totals.identity_level = 'confirmed'
            and periods.period_end = totals.period_end
            and periods.population = totals.population
            and splits.attribute = totals.attribute
    left join counted
        on
            counted.identity_level = 'confirmed'
            and periods.period_end = counted.period_end
            and periods.population = counted.population
            and splits.attribute = counted.attribute
            and splits.attribute_value = counted.attribute_value
    left join totals as probable_totals
        on
            probable_totals.identity_level = 'probable'
            and periods.period_end = probable_totals.period_end
            and periods.population = probable_totals.population
            and splits.attribute = probable_totals.attribute
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and periods.period_end = probable.period_end
            and periods.population = probable.population
            and splits.attribute = probable.attribute
            and splits.attribute_value = probable.attribute_value
),

judged as (
    select
        *,
        is_recognition_known and status <> 'unavailable' as is_known,
        persons > 0 and others > 0 and recognised + others_recognised > 0 as is_comparable,
        least(persons, others) >= {{ var('parameters')['min_persons'] }} as is_large_enough,
        probable_recognised + probable_others_recognised > 0
        and least(probable_persons, probable_others) >= {{ var('parameters')['min_persons'] }}
            as is_probable_comparable,
        katz(recognised, persons, others_recognised, others) as ratio,
        katz(
            probable_recognised, probable_persons, probable_others_recognised, probable_others
        ) as probable_ratio
    from measured
),

stated as (
    select *, is_known and is_comparable and is_large_enough as is_measured
    from judged
)

select
    grain,
    period_start,
    period_end,
    attribute,
    attribute_value,
    population,

    case when is_measured then ratio.value end as value,
    case when is_measured then ratio.low end as ci_low,
    case when is_measured then ratio.high end as ci_high,
    case when is_measured and is_probable_comparable then probable_ratio.value end
        as value_with_probable,
    case when is_known then recognised end::double as numerator,
    case when is_known then persons end::double as denominator,
    case when is_known then persons + others end::bigint as persons,
    case
        when is_known
            then coalesce(least(
                nullif(persons, 0),
                nullif(others, 0),
                nullif(recognised, 0),
                nullif(others_recognised, 0),
                nullif(probable_persons, 0),
                nullif(probable_others, 0),
                nullif(probable_recognised, 0),
                nullif(probable_others_recognised, 0)
            ), 0)
    end::bigint as smallest_group,
    case when is_known then coverage end as coverage,
    case
        when is_known and population = 'community'
            then known_of_unknown_affiliation / nullif(persons + others, 0)
    end as unknown_affiliation_share,
    case
        when not is_known then 'unavailable'
        when not is_comparable then 'no_denominator'
        when not is_large_enough then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'continuity_corrected': 'is_measured and ratio.corrected',
        'low_coverage': 'is_known and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'recognition_partly_unknown': 'is_recognition_known and is_partly_known',
        'recognition_unknown': 'not is_recognition_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from stated

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
        windows.period_end,
        windows.population,
        windows.area,
        windows.person_id,
        windows.is_affiliation_unknown,
        recognised.person_id is not null as is_recognised
    from {{ ref('fct_contributor_window') }} as windows
    inner join ends using (period_end)
    left join {{ ref('fct_recognised') }} as recognised
        on
            windows.person_id = recognised.person_id
            and windows.period_end = recognised.period_end
),

everybody as (
    select * exclude (area) from persons where area = 'all'
),

locale_days as (
    select
        ends.period_end,
        facts.person_id,
        facts.locale,
        count(distinct facts.occurred_on) as active_days
    from ends
    inner join {{ ref('fct_contribution') }} as facts
        on
            ends.period_end > facts.occurred_on
            and (ends.period_end - interval {{ days }} day)::date <= facts.occurred_on
    where facts.locale is not null and not (facts.area = 'localization' and facts.locale = 'en-US')
    group by ends.period_end, facts.person_id, facts.locale
),

locales as (
    select period_end, person_id, locale
    from locale_days
    qualify
        row_number() over (
            partition by period_end, person_id order by active_days desc, locale asc
        ) = 1
),

coders as (
    select distinct period_end, population, person_id from persons where area = 'code'
),

memberships as (
    select everybody.*, 'region' as attribute, levels.region as attribute_value
    from everybody
    inner join {{ ref('fct_contributor_level') }} as levels
        on
            everybody.person_id = levels.person_id
            and everybody.period_end = levels.period_end
            and levels.area = 'all'
    union all
    select
        everybody.*,
        'locale' as attribute,
        coalesce(locales.locale, 'unknown') as attribute_value
    from everybody
    left join locales using (period_end, person_id)
    union all
    select
        everybody.*,
        'code' as attribute,
        case when coders.person_id is null then 'non_code' else 'code' end as attribute_value
    from everybody
    left join coders using (period_end, population, person_id)
    union all
    select everybody.*, 'area' as attribute, areas.area as attribute_value
    from everybody
    inner join persons as areas using (period_end, population, person_id)
    where areas.area <> 'all'
),

counted as (
    select
        period_end,
        population,
        attribute,
        attribute_value,
        count(*) as persons,
        count_if(is_recognised) as recognised,
        count_if(is_affiliation_unknown) as unknown_persons
    from memberships
    where attribute_value <> 'unknown'
    group by period_end, population, attribute, attribute_value
),

-- A person may be in several areas, so that everybody is counted anew, not summed.
totals as (
    select
        period_end,
        population,
        attribute,
        count(distinct person_id) as everybody,
        count(distinct person_id) filter (where attribute_value <> 'unknown') as known,
        count(distinct person_id) filter (where attribute_value <> 'unknown' and is_recognised)
            as known_recognised
    from memberships
    group by period_end, population, attribute
),

splits as (
    select distinct attribute, attribute_value from counted
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
        counted.unknown_persons
    from periods
    cross join splits
    left join {{ ref('fct_recognition_area') }} as known using (area)
    left join totals using (period_end, population, attribute)
    left join counted using (period_end, population, attribute, attribute_value)
),

judged as (
    select
        *,
        is_recognition_known and status <> 'unavailable' as is_known,
        persons > 0 and others > 0 and recognised + others_recognised > 0 as is_comparable,
        least(persons, others) >= {{ var('parameters')['min_persons'] }} as is_large_enough,
        katz(recognised, persons, others_recognised, others) as ratio
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
    case when is_known then recognised end::double as numerator,
    case when is_known then persons end::double as denominator,
    case when is_known then persons + others end::bigint as persons,
    case
        when is_known
            then coalesce(least(
                nullif(persons, 0),
                nullif(others, 0),
                nullif(recognised, 0),
                nullif(others_recognised, 0)
            ), 0)
    end::bigint as smallest_group,
    case when is_known then coverage end as coverage,
    case when is_known and population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when not is_known then 'unavailable'
        when not is_comparable then 'no_denominator'
        when not is_large_enough then 'insufficient'
        else status
    end as status,
    {{ flags({
        'continuity_corrected': 'is_measured and ratio.corrected',
        'low_coverage': 'is_known and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'recognition_partly_unknown': 'is_recognition_known and is_partly_known',
        'recognition_unknown': 'not is_recognition_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from stated

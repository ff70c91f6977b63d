-- Active persons of a month by the locale of what they did: a language community, not a place. A
-- person may be in several, so locales do not add up. English is the source of localization, not
-- one of its locales.

with slices as (
    {{ area_slices(['month'], ['all', 'community']) }}
),

counted as (
    select
        date_trunc('month', facts.occurred_at) as period_start,
        facts.area,
        populations.population,
        facts.locale,
        count(distinct facts.person_id) as persons,
        count(distinct persons.probable_person_id) as probable_persons,
        count(distinct facts.person_id) filter (where facts.affiliation = 'unknown')
            as unknown_persons
    from {{ ref('fct_contribution') }} as facts
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join {{ ref('dim_person') }} as persons using (person_id)
    where
        facts.locale is not null
        and (facts.area = 'support' or (facts.area = 'localization' and facts.locale <> 'en-US'))
    group by
        date_trunc('month', facts.occurred_at), facts.area, populations.population, facts.locale
),

seen as (
    select distinct area, population, locale from counted
),

measured as (
    select
        slices.*,
        seen.locale,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.probable_persons, 0) as probable_persons,
        counted.unknown_persons
    from slices
    inner join seen using (area, population)
    left join counted using (period_start, area, population, locale)
    where slices.status <> 'unavailable'
)

select
    grain,
    period_start,
    period_end,
    area,
    locale,
    population,

    persons::double as value,
    probable_persons::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    persons,
    {{ smaller_group('persons', 'probable_persons') }} as smallest_group,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

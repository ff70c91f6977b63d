-- Of those who are regular or core contributors at the end of the month and began more than 180
-- days before, the share without a formal recognition in the year before. The numerator is their
-- number; their names stay in the restricted tables.

with slices as (
    {{ window_slices('month', var('parameters')['recognition_days'], ['all', 'community']) }}
),

people as (
    {{ people_of_levels() }}
),

regulars as (
    select
        levels.identity_level,
        levels.period_end,
        levels.area,
        populations.population,
        levels.affiliation,
        levels.region,
        recognised.person_id is null as is_unrecognised
    from {{ ref('fct_identity_level') }} as levels
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join people
        on
            levels.identity_level = people.identity_level
            and levels.person_id = people.person_id
            and people.first_contribution_on + {{ var('parameters')['unrecognised_after_days'] }}
            < levels.period_end::date
    left join {{ ref('fct_recognised') }} as recognised
        on
            levels.identity_level = recognised.identity_level
            and levels.person_id = recognised.person_id
            and levels.period_end = recognised.period_end
    where levels.level in ('core', 'regular')
),

counted as (
    select
        period_end,
        area,
        population,
        region,
        count(*) filter (where identity_level = 'confirmed') as persons,
        count(*) filter (where identity_level = 'confirmed' and is_unrecognised) as unrecognised,
        count(*) filter (where identity_level = 'probable') as probable_persons,
        count(*) filter (where identity_level = 'probable' and is_unrecognised)
            as probable_unrecognised,
        count(*) filter (where identity_level = 'confirmed' and affiliation = 'unknown')
            as unknown_persons
    from regulars
    group by period_end, area, population, grouping sets ((), (region))
),

splits as (
    select area, null as region from slices
    union
    select area, region from counted
    where persons > 0
),

measured as (
    select
        slices.*,
        splits.region,
        not known.is_whole as is_partly_known,
        coalesce(known.known_from < slices.period_end::date, false) as is_recognition_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.unrecognised, 0) as unrecognised,
        coalesce(counted.probable_persons, 0) as probable_persons,
        coalesce(counted.probable_unrecognised, 0) as probable_unrecognised,
        counted.unknown_persons
    from slices
    inner join splits using (area)
    left join {{ ref('fct_recognition_area') }} as known using (area)
    left join counted
        on
            slices.period_end = counted.period_end
            and slices.area = counted.area
            and slices.population = counted.population
            and splits.region is not distinct from counted.region
),

judged as (
    select *, is_recognition_known and status <> 'unavailable' as is_measured
    from measured
    where is_recognition_known or region is null
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    population,

    case when is_measured then unrecognised / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(unrecognised, persons) end as ci_low,
    case when is_measured then wilson_high(unrecognised, persons) end as ci_high,
    case
        when is_measured and persons > 0 then probable_unrecognised / nullif(probable_persons, 0)
    end as value_with_probable,
    case when is_measured then unrecognised end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('unrecognised', 'persons'),
                smaller_group('probable_unrecognised', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'recognition_partly_unknown': 'is_recognition_known and is_partly_known',
        'recognition_unknown': 'not is_recognition_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

-- Of those active in the year before the end of the quarter, the share with a formal recognition of
-- any kind in that year. An area in which no source shows any cannot be told; that is not zero.

with slices as (
    {{ window_slices('quarter', var('parameters')['recognition_days'], ['all', 'community']) }}
),

persons as (
    select
        windows.identity_level,
        windows.period_end,
        windows.area,
        windows.population,
        windows.is_affiliation_unknown,
        levels.region,
        levels.level,
        recognised.person_id is not null as is_recognised
    from {{ ref('fct_identity_window') }} as windows
    inner join {{ ref('fct_identity_level') }} as levels
        on
            windows.identity_level = levels.identity_level
            and windows.person_id = levels.person_id
            and windows.period_end = levels.period_end
            and levels.area = 'all'
    left join {{ ref('fct_recognised') }} as recognised
        on
            windows.identity_level = recognised.identity_level
            and windows.person_id = recognised.person_id
            and windows.period_end = recognised.period_end
),

counted as (
    select
        period_end,
        area,
        population,
        region,
        level,
        count(*) filter (where identity_level = 'confirmed') as persons,
        count(*) filter (where identity_level = 'confirmed' and is_recognised) as recognised,
        count(*) filter (where identity_level = 'probable') as probable_persons,
        count(*) filter (where identity_level = 'probable' and is_recognised)
            as probable_recognised,
        count(*) filter (where identity_level = 'confirmed' and is_affiliation_unknown)
            as unknown_persons
    from persons
    group by period_end, area, population, grouping sets ((), (region), (level))
),

splits as (
    select area, null as region, null as level from slices
    union
    select area, region, level from counted
    where persons > 0
),

measured as (
    select
        slices.*,
        splits.region,
        splits.level,
        not known.is_whole as is_partly_known,
        coalesce(known.known_from < slices.period_end::date, false) as is_recognition_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.recognised, 0) as recognised,
        coalesce(counted.probable_persons, 0) as probable_persons,
        coalesce(counted.probable_recognised, 0) as probable_recognised,
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
            and splits.level is not distinct from counted.level
),

judged as (
    select *, is_recognition_known and status <> 'unavailable' as is_measured
    from measured
    where is_recognition_known or (region is null and level is null)
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    level,
    population,

    case when is_measured then recognised / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(recognised, persons) end as ci_low,
    case when is_measured then wilson_high(recognised, persons) end as ci_high,
    case
        when is_measured and persons > 0 then probable_recognised / nullif(probable_persons, 0)
    end as value_with_probable,
    case when is_measured then recognised end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('recognised', 'persons'),
                smaller_group('probable_recognised', 'probable_persons')
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

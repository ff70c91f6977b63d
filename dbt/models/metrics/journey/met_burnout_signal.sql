-- Of the persons who were regular or core 90 days before the end of a quarter, and had a history of
-- a year by then, the share whose active days in these 90 days fell by at least 75 % against the
-- mean of the four 90-day windows before. Whose mean is below six days is not judged.

{% set window = var('parameters')['level_window_days'] %}
with slices as (
    {{ area_slices(['quarter'], ['all', 'community']) }}
),

-- The windows before need a year and a quarter to be loaded.
loaded as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.area,
        slices.population,
        case when windows.period_start is null then 'unavailable' else slices.status end as status,
        slices.is_source_missing
    from slices
    left join {{ ref('fct_area_period') }} as windows
        on
            slices.area = windows.area
            and slices.period_start = windows.period_end
            and windows.grain = 'trailing_365d'
            and windows.status <> 'unavailable'
),

people as (
    {{ people_of_levels() }}
),

busy as (
    select
        before.identity_level,
        dates.period_start,
        dates.period_end::date as until_on,
        before.period_end::date as from_on,
        before.area,
        before.person_id,
        before.affiliation
    from {{ ref('dim_period') }} as dates
    inner join {{ ref('fct_identity_level') }} as before
        on
            before.period_end = dates.period_end - to_days({{ window }})
            and before.level in ('regular', 'core')
    inner join people
        on
            before.identity_level = people.identity_level
            and before.person_id = people.person_id
            and before.period_end::date - people.first_contribution_on
            >= {{ var('parameters')['burnout_history_days'] }}
    where dates.grain = 'quarter'
),

worked as (
    select
        busy.identity_level,
        busy.period_start,
        busy.area,
        busy.person_id,
        busy.affiliation,
        count(*) filter (where days.occurred_on >= busy.from_on) as days_now,
        count(*) filter (where days.occurred_on < busy.from_on) / 4 as mean_before
    from busy
    inner join {{ ref('fct_active_day') }} as days
        on
            busy.identity_level = days.identity_level
            and busy.person_id = days.person_id
            and busy.area = days.area
            and busy.until_on > days.occurred_on
            and days.occurred_on >= busy.from_on - 4 * {{ window }}
    group by
        busy.identity_level, busy.period_start, busy.area, busy.person_id, busy.affiliation
),

judged as (
    select
        worked.identity_level,
        worked.period_start,
        worked.area,
        populations.population,
        worked.affiliation = 'unknown' as is_affiliation_unknown,
        worked.days_now
        <= (1 - {{ var('parameters')['burnout_fall_share'] }}) * worked.mean_before as has_fallen
    from worked
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where worked.mean_before >= {{ var('parameters')['burnout_mean_days'] }}
),

measured as (
    select
        loaded.grain,
        loaded.period_start,
        loaded.period_end,
        loaded.area,
        loaded.population,
        loaded.status,
        loaded.is_source_missing,
        count(*) filter (where judged.identity_level = 'confirmed') as persons,
        count(*) filter (where judged.identity_level = 'confirmed' and judged.has_fallen)
            as fallen,
        count(*) filter (where judged.identity_level = 'probable') as probable_persons,
        count(*) filter (where judged.identity_level = 'probable' and judged.has_fallen)
            as probable_fallen,
        count(*) filter (
            where judged.identity_level = 'confirmed' and judged.is_affiliation_unknown
        ) as unknown_persons
    from loaded
    left join judged using (period_start, area, population)
    group by
        loaded.grain,
        loaded.period_start,
        loaded.period_end,
        loaded.area,
        loaded.population,
        loaded.status,
        loaded.is_source_missing
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    population,

    case when status <> 'unavailable' then fallen / nullif(persons, 0) end as value,
    case when status <> 'unavailable' then wilson_low(fallen, persons) end as ci_low,
    case when status <> 'unavailable' then wilson_high(fallen, persons) end as ci_high,
    case
        when status <> 'unavailable' and persons > 0
            then probable_fallen / nullif(probable_persons, 0)
    end as value_with_probable,
    case when status <> 'unavailable' then fallen end::double as numerator,
    case when status <> 'unavailable' then persons end::double as denominator,
    case when status <> 'unavailable' then persons end as persons,
    case
        when status <> 'unavailable'
            then {{ smaller_group(
                smaller_group('fallen', 'persons'),
                smaller_group('probable_fallen', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when status <> 'unavailable' and population = 'community'
            then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case when status <> 'unavailable' and persons = 0 then 'no_denominator' else status end
        as status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

-- Persons who add an area in a year: `area` is the new one, `category` the one in which they had
-- most active days in the 90 days before (`none`: no active day in them). A person counts once a
-- new area. The band counts probable accounts as one person: what looks like two newcomers may be
-- one who moved.

with slices as (
    select * from ({{ cohort_slices(['year'], ['all', 'community']) }}) as slices
),

added as (
    select
        newcomers.identity_level,
        newcomers.person_id,
        days.area,
        days.occurred_on as added_on,
        days.affiliation
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('fct_active_day') }} as days
        on
            newcomers.identity_level = days.identity_level
            and newcomers.person_id = days.person_id
    where
        days.day_number = 1
        and days.area <> 'all'
        and newcomers.first_on < days.occurred_on
),

before as (
    select
        added.identity_level,
        added.person_id,
        added.area,
        days.area as from_area,
        row_number() over (
            partition by added.identity_level, added.person_id, added.area
            order by count(*) desc, {{ area_place('days.area') }}
        ) as place
    from added
    inner join {{ ref('fct_active_day') }} as days
        on
            added.identity_level = days.identity_level
            and added.person_id = days.person_id
            and days.area <> 'all'
            and added.added_on > days.occurred_on
            and days.occurred_on
            >= added.added_on - {{ var('parameters')['level_window_days'] }}
    group by added.identity_level, added.person_id, added.area, days.area
),

moves as (
    select
        added.identity_level,
        added.person_id,
        date_trunc('year', added.added_on) as period_start,
        added.area,
        coalesce(before.from_area, 'none') as category,
        populations.population,
        added.affiliation = 'unknown' as is_affiliation_unknown
    from added
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    left join before
        on
            added.identity_level = before.identity_level
            and added.person_id = before.person_id
            and added.area = before.area
            and before.place = 1
),

counted as (
    select
        identity_level,
        period_start,
        coalesce(area, 'all') as area,
        category,
        population,
        count(distinct person_id) as persons,
        count(distinct person_id) filter (where is_affiliation_unknown) as unknown_persons
    from moves
    group by identity_level, period_start, population, grouping sets ((), (area), (area, category))
),

places as (
    select period_start, area, population, null as category from slices
    union
    select period_start, area, population, category
    from counted
),

measured as (
    select
        slices.*,
        places.category,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        coalesce(confirmed.persons, 0) as persons,
        confirmed.unknown_persons,
        coalesce(probable.persons, 0) as probable_persons
    from slices
    inner join places using (period_start, area, population)
    left join counted as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and places.period_start = confirmed.period_start
            and places.area = confirmed.area
            and places.population = confirmed.population
            and places.category is not distinct from confirmed.category
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and places.period_start = probable.period_start
            and places.area = probable.area
            and places.population = probable.population
            and places.category is not distinct from probable.category
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    category,
    population,

    case when is_measured then persons end::double as value,
    case when is_measured then probable_persons end::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then {{ smaller_group('persons', 'probable_persons') }} end
        as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case when is_measured then status else 'unavailable' end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured
where is_measured or category is null

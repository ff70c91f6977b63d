-- Persons whose first contribution lies in the month; in an area: their first there, who may be new
-- to Mozilla or only to the area (CHAOSS "New Contributors"). Null while first contributions cannot
-- be told: of an area in the area, but who is new to Mozilla is told over all of them.

with categories as (
    select
        slices.*,
        null as category
    from ({{ area_slices(['month'], ['all', 'community']) }}) as slices
    union all by name
    select
        cohorts.*,
        kinds.category
    from ({{ cohort_slices(['month'], ['all', 'community']) }}) as cohorts
    cross join (select unnest(['new_to_mozilla', 'new_to_area']) as category) as kinds
    where cohorts.area <> 'all'
),

new_persons as (
    select
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        case when months.is_new_to_mozilla then 'new_to_mozilla' else 'new_to_area' end as category,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
    from {{ ref('fct_identity_month') }} as months
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where months.is_new
    group by
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        months.is_new_to_mozilla
),

counted as (
    select
        period_start,
        area,
        population,
        category,
        count(*) filter (where identity_level = 'confirmed') as persons,
        count(*) filter (where identity_level = 'probable') as probable_persons,
        count(*) filter (where identity_level = 'confirmed' and is_affiliation_unknown)
            as unknown_persons
    from new_persons
    group by grouping sets (
        (period_start, area, population), (period_start, area, population, category)
    )
),

measured as (
    select
        categories.*,
        categories.status <> 'unavailable' and categories.is_newness_known as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.probable_persons, 0) as probable_persons,
        counted.unknown_persons
    from categories
    left join counted
        on
            categories.period_start = counted.period_start
            and categories.area = counted.area
            and categories.population = counted.population
            and categories.category is not distinct from counted.category
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
    case when is_measured and population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case when is_measured then status else 'unavailable' end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

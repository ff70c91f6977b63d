-- Active persons of the month who are not new; `reactivated` are those without a contribution in
-- the 180 days before the month, `continuing` the others: active = new + continuing + reactivated.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_identity_month': read_at_end([
            'identity_level', 'person_id', 'area', 'affiliation', 'is_new', 'is_reactivated',
            'period_start',
        ]),
    },
}) }}

with slices as (
    {{ area_slices(['month'], ['all', 'community'], only_due=true) }}
),

categories as (
    select
        slices.*,
        kinds.category
    from slices
    cross join (select unnest([null, 'continuing', 'reactivated']) as category) as kinds
),

returning_persons as (
    select
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        case when months.is_reactivated then 'reactivated' else 'continuing' end as category,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
    from {{ ref('fct_identity_month') }} as months
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where not months.is_new and {{ due('months.period_end') }}
    group by
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        months.is_reactivated
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
    from returning_persons
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

-- The strategy's persona: persons of the community with at least 6 active months of the last 12, 24
-- active days in 365 and 2 areas in 730. Loose and strict say how much the count depends on where
-- these lines are drawn. Whom to call so is nobody's business: only the number leaves the
-- warehouse.

{% set personas = var('parameters')['mdm_persona'] %}
with slices as (
    {{ months_looking_back('all', var('parameters')['areas_window_days']) }}
),

personas as (
    {% for name, (months, days, areas) in personas | dictsort %}
        select
            {{ 'null' if name == 'headline' else "'" ~ name ~ "'" }} as category,
            {{ months }} as least_months,
            {{ days }} as least_days,
            {{ areas }} as least_areas
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

years as (
    select *, identity_level = 'confirmed' as is_confirmed
    from {{ ref('fct_identity_year') }}
    where population = 'community'
),

counted as (
    select
        years.period_end,
        personas.category,
        years.region,
        years.main_area,
        count(*) filter (where years.is_confirmed) as persons,
        count(*) filter (where years.is_confirmed and years.is_affiliation_unknown)
            as unknown_persons,
        count(*) filter (where not years.is_confirmed) as persons_with_probable,
        bool_or(years.is_region_backfilled) filter (where years.is_confirmed) as is_backfilled
    from years
    inner join personas
        on
            years.active_months >= personas.least_months
            and years.active_days >= personas.least_days
            and years.areas >= personas.least_areas
    group by
        years.period_end,
        personas.category,
        grouping sets (
            (), (years.region), (years.main_area), (years.region, years.main_area)
        )
),

seen as (
    select distinct region, main_area from counted
    union
    select null, null
),

measured as (
    select
        slices.*,
        personas.category,
        seen.region,
        seen.main_area,
        case when slices.status <> 'unavailable' then coalesce(counted.persons, 0) end as persons,
        case when slices.status <> 'unavailable' then coalesce(counted.persons_with_probable, 0) end
            as persons_with_probable,
        counted.unknown_persons,
        counted.is_backfilled and seen.region is not null as is_backfilled
    from slices
    cross join personas
    cross join seen
    left join counted
        on
            slices.period_end = counted.period_end
            and personas.category is not distinct from counted.category
            and seen.region is not distinct from counted.region
            and seen.main_area is not distinct from counted.main_area
    where slices.status <> 'unavailable' or (seen.region is null and seen.main_area is null)
)

select
    grain,
    period_start,
    period_end,
    main_area as area,
    region,
    category,
    'community' as population,

    persons::double as value,
    persons_with_probable::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    persons,
    case
        when status <> 'unavailable'
            then {{ smaller_group('persons', 'persons_with_probable') }}
    end as smallest_group,
    case when status <> 'unavailable' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    status,
    {{ flags_of({
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

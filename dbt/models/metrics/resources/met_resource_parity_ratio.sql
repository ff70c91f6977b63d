-- A region's share of a resource by its share of the active contributors: 1 is parity. Only regions
-- with enough active persons are compared. Amounts of money are no counts and have no interval.

with states as (
    select
        states.*,
        populations.population
    from {{ ref('fct_resource_state') }} as states
    cross join (select unnest(['all', 'community']) as population) as populations
),

regions as (
    select
        *,
        sum(amount) over everybody as total,
        sum(persons) over everybody as known
    from {{ ref('fct_resource_region') }}
    window everybody as (partition by period_end, population, resource)
),

measured as (
    select
        states.*,
        regions.region,
        regions.amount,
        regions.total,
        regions.is_counted,
        regions.persons,
        regions.receivers,
        regions.known,
        regions.known - regions.persons as others,
        regions.unknown_persons,
        regions.known / regions.everybody as coverage,
        case
            when regions.is_counted
                then katz(regions.amount, regions.total, regions.persons, regions.known)
        end as ratio
    from states
    left join regions
        on
            states.period_end = regions.period_end
            and states.population = regions.population
            and states.resource = regions.resource
            and states.status <> 'unavailable'
),

judged as (
    select *, status <> 'unavailable' and total > 0 as is_measured
    from measured
)

select
    'year' as grain,
    period_start,
    period_end,
    region,
    resource,
    population,

    case
        when is_measured and is_counted then ratio.value
        when is_measured then (amount / total) / (persons / known)
    end as value,
    case when is_measured then ratio.low end as ci_low,
    case when is_measured then ratio.high end as ci_high,
    case when status <> 'unavailable' then amount end::double as numerator,
    case when status <> 'unavailable' then persons end::double as denominator,
    case when status <> 'unavailable' then persons end as persons,
    case
        when status <> 'unavailable'
            then coalesce(least(nullif(persons, 0), nullif(others, 0), nullif(receivers, 0)), 0)
    end::bigint as smallest_group,
    case when status <> 'unavailable' then coverage end as coverage,
    case when population = 'community' then unknown_persons / persons end
        as unknown_affiliation_share,
    case
        when status = 'unavailable' then 'unavailable'
        when region is null or total = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'continuity_corrected': 'is_measured and ratio.corrected',
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'resource_unknown': 'is_source_silent',
    }) }} as flags
from judged

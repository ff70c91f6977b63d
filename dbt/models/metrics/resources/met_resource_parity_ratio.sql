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
    window everybody as (partition by identity_level, period_end, population, resource)
),

rated as (
    select
        *,
        known - persons as others,
        total > 0 as is_comparable,
        case when is_counted then katz(amount, total, persons, known) end as ratio,
        case
            when total > 0 and not is_counted then (amount / total) / (persons / known)
            when total > 0 then struct_extract(ratio, 'value')
        end as value
    from regions
),

measured as (
    select
        states.*,
        regions.region,
        regions.amount,
        regions.persons,
        regions.receivers,
        regions.others,
        regions.unknown_persons,
        regions.known / regions.everybody as coverage,
        regions.value as told_value,
        regions.ratio,
        regions.is_comparable,
        probable.value as probable_value,
        probable.persons as probable_persons,
        probable.others as probable_others,
        probable.receivers as probable_receivers
    from states
    left join rated as regions
        on
            regions.identity_level = 'confirmed'
            and states.period_end = regions.period_end
            and states.population = regions.population
            and states.resource = regions.resource
            and states.status <> 'unavailable'
    left join rated as probable
        on
            probable.identity_level = 'probable'
            and regions.period_end = probable.period_end
            and regions.population = probable.population
            and regions.resource = probable.resource
            and regions.region = probable.region
),

judged as (
    select *, status <> 'unavailable' and is_comparable as is_measured
    from measured
)

select
    'year' as grain,
    period_start,
    period_end,
    region,
    resource,
    population,

    case when is_measured then told_value end as value,
    case when is_measured then ratio.low end as ci_low,
    case when is_measured then ratio.high end as ci_high,
    case when is_measured then probable_value end as value_with_probable,
    case when status <> 'unavailable' then amount end::double as numerator,
    case when status <> 'unavailable' then persons end::double as denominator,
    case when status <> 'unavailable' then persons end as persons,
    case
        when status <> 'unavailable'
            then coalesce(least(
                nullif(persons, 0),
                nullif(others, 0),
                nullif(receivers, 0),
                nullif(probable_persons, 0),
                nullif(probable_others, 0),
                nullif(probable_receivers, 0)
            ), 0)
    end::bigint as smallest_group,
    case when status <> 'unavailable' then coverage end as coverage,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when status = 'unavailable' then 'unavailable'
        when region is null or not is_comparable then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'continuity_corrected': 'is_measured and ratio.corrected',
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'resource_unknown': 'is_source_silent',
    }) }} as flags
from judged

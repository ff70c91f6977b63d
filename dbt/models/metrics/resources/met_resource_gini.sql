-- How unequally a resource is spread over regions, each weighing as much as it has active
-- contributors: the Gini coefficient, 0 when every contributor gets the same. Ties are broken by
-- region; any order gives the same number.

with states as (
    select
        states.*,
        populations.population
    from {{ ref('fct_resource_state') }} as states
    cross join (select unnest(['all', 'community']) as population) as populations
),

ordered as (
    select
        identity_level,
        period_end,
        population,
        resource,
        region,
        persons,
        receivers,
        unknown_persons,
        everybody,
        amount,
        persons / sum(persons) over whole as weight,
        sum(amount) over upwards / nullif(sum(amount) over whole, 0) as reached
    from {{ ref('fct_resource_region') }}
    window
        whole as (partition by identity_level, period_end, population, resource),
        upwards as (
            partition by identity_level, period_end, population, resource
            order by amount / persons asc, region asc
        )
),

steps as (
    select
        *,
        coalesce(
            lag(reached) over (
                partition by identity_level, period_end, population, resource
                order by reached asc, weight asc
            ),
            0
        ) as reached_before
    from ordered
),

summed as (
    select
        identity_level,
        period_end,
        population,
        resource,
        count(*) as regions,
        1 - sum((reached + reached_before) * weight order by region asc) as gini,
        sum(amount) as total,
        sum(persons)::bigint as persons,
        min(persons)::bigint as smallest_region,
        sum(unknown_persons)::bigint as unknown_persons,
        any_value(everybody) as everybody
    from steps
    group by identity_level, period_end, population, resource
),

measured as (
    select
        states.*,
        summed.gini,
        summed.total,
        coalesce(summed.regions, 0) as regions,
        coalesce(summed.persons, 0) as persons,
        coalesce(summed.smallest_region, 0) as smallest_region,
        summed.unknown_persons,
        summed.persons / summed.everybody as coverage,
        probable.gini as probable_gini,
        probable.total as probable_total,
        coalesce(probable.regions, 0) as probable_regions,
        probable.smallest_region as probable_smallest_region,
        states.status <> 'unavailable' as is_known
    from states
    left join summed
        on
            summed.identity_level = 'confirmed'
            and states.period_end = summed.period_end
            and states.population = summed.population
            and states.resource = summed.resource
    left join summed as probable
        on
            probable.identity_level = 'probable'
            and states.period_end = probable.period_end
            and states.population = probable.population
            and states.resource = probable.resource
),

judged as (
    select
        *,
        is_known
        and regions >= {{ var('parameters')['gini_least_regions'] }}
        and total > 0 as is_measured,
        probable_regions >= {{ var('parameters')['gini_least_regions'] }}
        and probable_total > 0 as is_probable_comparable
    from measured
)

select
    'year' as grain,
    period_start,
    period_end,
    resource,
    population,

    case when is_measured then greatest(gini, 0) end as value,
    case when is_measured and is_probable_comparable then greatest(probable_gini, 0) end
        as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    case when is_known then persons end as persons,
    case when is_known then {{ smaller_group('smallest_region', 'probable_smallest_region') }} end
        as smallest_group,
    case when is_known then coverage end as coverage,
    case when is_known and population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when not is_known then 'unavailable'
        when coalesce(total, 0) = 0 then 'no_denominator'
        when regions < {{ var('parameters')['gini_least_regions'] }} then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'low_coverage': 'is_known and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'resource_unknown': 'is_source_silent',
    }) }} as flags
from judged

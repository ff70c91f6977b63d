-- The share of those who hold a leading role at the end of the quarter whose first leading role of
-- any kind began in the year before. Who moves from one role to another is not new; who led at an
-- unknown date before is not either.

{% set days = var('parameters')['leader_renewal_days'] %}
with periods as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        populations.population,
        (periods.period_end - interval {{ days }} day)::date as since_on
    from {{ ref('dim_period') }} as periods
    cross join (select unnest(['all', 'community']) as population) as populations
    where periods.grain = 'quarter'
),

systems as (
    select
        listed.source,
        known.known_from
    from (select distinct source from ({{ leading_roles() }}) as roles) as listed
    left join {{ ref('fct_role_source') }} as known using (source)
),

holders as (
    select
        roles.*,
        populations.population,
        roles.first_led_after >= (roles.period_end - interval {{ days }} day)::date
        and roles.first_led_after < roles.period_end::date as is_new
    from {{ ref('fct_identity_leadership') }} as roles
    inner join {{ ref('dim_population') }} as populations using (affiliation)
),

counted as (
    select
        period_end,
        population,
        source,
        role,
        region,
        count(distinct person_id) filter (where identity_level = 'confirmed') as persons,
        count(distinct person_id) filter (where identity_level = 'confirmed' and is_new)
            as renewed,
        count(distinct person_id) filter (where identity_level = 'probable') as probable_persons,
        count(distinct person_id) filter (where identity_level = 'probable' and is_new)
            as probable_renewed,
        count(distinct person_id) filter (
            where identity_level = 'confirmed' and affiliation = 'unknown'
        ) as unknown_persons
    from holders
    group by period_end, population, grouping sets ((), (source), (source, role), (region))
),

splits as (
    select null as source, null as role, null as region, min(known_from) as known_from from systems
    union all
    select source, null, null, known_from from systems
    union all
    select distinct source, role, null, systems.known_from
    from holders
    inner join systems using (source)
    where holders.identity_level = 'confirmed'
    union all
    select distinct null, null, holders.region, overall.known_from
    from holders
    cross join (select min(known_from) as known_from from systems) as overall
    where holders.identity_level = 'confirmed'
),

measured as (
    select
        periods.*,
        splits.source,
        splits.role,
        splits.region,
        coalesce(splits.known_from <= periods.period_end::date, false) as are_roles_known,
        coalesce(splits.known_from <= periods.since_on, false) as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.renewed, 0) as renewed,
        coalesce(counted.probable_persons, 0) as probable_persons,
        coalesce(counted.probable_renewed, 0) as probable_renewed,
        counted.unknown_persons
    from periods
    cross join splits
    left join counted
        on
            periods.period_end = counted.period_end
            and periods.population = counted.population
            and splits.source is not distinct from counted.source
            and splits.role is not distinct from counted.role
            and splits.region is not distinct from counted.region
    where
        splits.known_from <= periods.period_end::date
        or (splits.role is null and splits.region is null)
)

select
    grain,
    period_start,
    period_end,
    source,
    role,
    region,
    population,

    case when is_measured then renewed / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(renewed, persons) end as ci_low,
    case when is_measured then wilson_high(renewed, persons) end as ci_high,
    case when is_measured and persons > 0 then probable_renewed / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then renewed end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('renewed', 'persons'),
                smaller_group('probable_renewed', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else 'complete'
    end as status,
    {{ flags_of({
        'roles_too_young': 'are_roles_known and not is_measured',
        'roles_unknown': 'not are_roles_known',
    }) }} as flags
from measured

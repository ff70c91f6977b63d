-- The share of those who hold a leading role at the end of the month, for more than 60 days, who
-- did nothing in any area in the 60 days before. Who told to be away is left out.

{% set days = var('parameters')['leader_inactive_days'] %}
with periods as (
    select * from (
        {{ window_slices('month', var('parameters')['leader_window_days'], ['all', 'community']) }}
    ) as windows
    where area = 'all'
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
        coalesce(roles.silent_days > {{ days }}, true) as is_inactive,
        case when roles.scope_type = 'locale' then roles.scope end as locale
    from {{ ref('fct_identity_leadership') }} as roles
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where roles.held_days > {{ days }} and not roles.is_away
),

counted as (
    select
        period_end,
        population,
        source,
        role,
        locale,
        count(distinct person_id) filter (where identity_level = 'confirmed') as persons,
        count(distinct person_id) filter (where identity_level = 'confirmed' and is_inactive)
            as inactive,
        count(distinct person_id) filter (where identity_level = 'probable') as probable_persons,
        count(distinct person_id) filter (where identity_level = 'probable' and is_inactive)
            as probable_inactive,
        count(distinct person_id) filter (
            where identity_level = 'confirmed' and affiliation = 'unknown'
        ) as unknown_persons
    from holders
    group by period_end, population, grouping sets ((), (source), (source, role), (locale))
    having grouping(locale) = 1 or locale is not null
),

splits as (
    select null as source, null as role, null as locale, min(known_from) as known_from from systems
    union all
    select source, null, null, known_from from systems
    union all
    select distinct source, role, null, systems.known_from
    from holders
    inner join systems using (source)
    where holders.identity_level = 'confirmed'
    union all
    select distinct null, null, holders.locale, overall.known_from
    from holders
    cross join (select min(known_from) as known_from from systems) as overall
    where holders.identity_level = 'confirmed' and holders.locale is not null
),

measured as (
    select
        periods.*,
        splits.source,
        splits.role,
        splits.locale,
        coalesce(splits.known_from <= periods.period_end::date, false) as are_roles_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.inactive, 0) as inactive,
        coalesce(counted.probable_persons, 0) as probable_persons,
        coalesce(counted.probable_inactive, 0) as probable_inactive,
        counted.unknown_persons
    from periods
    cross join splits
    left join counted
        on
            periods.period_end = counted.period_end
            and periods.population = counted.population
            and splits.source is not distinct from counted.source
            and splits.role is not distinct from counted.role
            and splits.locale is not distinct from counted.locale
),

judged as (
    select *, are_roles_known and status <> 'unavailable' as is_measured
    from measured
    where are_roles_known or (role is null and locale is null)
)

select
    grain,
    period_start,
    period_end,
    source,
    role,
    locale,
    population,

    case when is_measured then inactive / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(inactive, persons) end as ci_low,
    case when is_measured then wilson_high(inactive, persons) end as ci_high,
    case when is_measured and persons > 0 then probable_inactive / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then inactive end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('inactive', 'persons'),
                smaller_group('probable_inactive', 'probable_persons')
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
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

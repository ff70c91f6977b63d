-- Persons who hold a leading role at the end of the month and did something in any area in the 90
-- days before. A system of which nobody wrote down its leaders cannot be told; that is not zero.

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

leaders as (
    select
        roles.*,
        populations.population,
        case when roles.scope_type = 'locale' then roles.scope end as locale
    from {{ ref('fct_identity_leadership') }} as roles
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where roles.silent_days <= {{ var('parameters')['leader_window_days'] }}
),

counted as (
    select
        period_end,
        population,
        source,
        role,
        region,
        locale,
        count(distinct person_id) filter (where identity_level = 'confirmed') as persons,
        count(distinct person_id) filter (where identity_level = 'probable') as probable_persons,
        count(distinct person_id) filter (
            where identity_level = 'confirmed' and affiliation = 'unknown'
        ) as unknown_persons
    from leaders
    group by
        period_end,
        population,
        grouping sets ((), (source), (source, role), (region), (locale))
    having grouping(locale) = 1 or locale is not null
),

splits as (
    select
        null as source,
        null as role,
        null as region,
        null as locale,
        min(known_from) as known_from
    from systems
    union all
    select source, null, null, null, known_from
    from systems
    union all
    select distinct source, role, null, null, systems.known_from
    from leaders
    inner join systems using (source)
    where leaders.identity_level = 'confirmed'
    union all
    select distinct null, null, leaders.region, leaders.locale, overall.known_from
    from (
        select distinct region, null as locale from leaders where identity_level = 'confirmed'
        union
        select distinct null, locale
        from leaders
        where identity_level = 'confirmed' and locale is not null
    ) as leaders
    cross join (select min(known_from) as known_from from systems) as overall
),

measured as (
    select
        periods.*,
        splits.source,
        splits.role,
        splits.region,
        splits.locale,
        coalesce(splits.known_from <= periods.period_end::date, false) as are_roles_known,
        (
            select bool_or(coalesce(systems.known_from > periods.period_end::date, true))
            from systems
        ) as are_some_unknown,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.probable_persons, 0) as probable_persons,
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
            and splits.locale is not distinct from counted.locale
),

judged as (
    select *, are_roles_known and status <> 'unavailable' as is_measured
    from measured
    where are_roles_known or (role is null and region is null and locale is null)
)

select
    grain,
    period_start,
    period_end,
    source,
    role,
    region,
    locale,
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
        'roles_partly_unknown': 'are_roles_known and source is null and are_some_unknown',
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

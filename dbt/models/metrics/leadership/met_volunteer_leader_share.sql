-- The share of volunteers among those who hold a leading role at the end of the quarter and did
-- something in the 90 days before; beside it the share of those of unknown affiliation. The
-- affiliation is that of the day.

with periods as (
    select * from (
        {{ window_slices('quarter', var('parameters')['leader_window_days'], ['all']) }}
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
    select *
    from {{ ref('fct_identity_leadership') }}
    where silent_days <= {{ var('parameters')['leader_window_days'] }}
),

counted as (
    select
        identity_level,
        period_end,
        source,
        role,
        count(distinct person_id) as persons,
        count(distinct person_id) filter (where affiliation = 'volunteer') as volunteers,
        count(distinct person_id) filter (where affiliation = 'unknown') as unknown_persons
    from leaders
    group by identity_level, period_end, grouping sets ((), (source), (source, role))
),

splits as (
    select null as source, null as role, min(known_from) as known_from from systems
    union all
    select source, null, known_from from systems
    union all
    select distinct source, role, systems.known_from
    from leaders
    inner join systems using (source)
    where leaders.identity_level = 'confirmed'
),

measured as (
    select
        periods.*,
        splits.source,
        splits.role,
        kinds.category,
        coalesce(splits.known_from <= periods.period_end::date, false) as are_roles_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(
            case kinds.category
                when 'volunteer' then counted.volunteers else counted.unknown_persons
            end,
            0
        ) as found,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(
            case kinds.category
                when 'volunteer' then probable.volunteers else probable.unknown_persons
            end,
            0
        ) as probable_found
    from periods
    cross join splits
    cross join (select unnest(['volunteer', 'unknown']) as category) as kinds
    left join counted
        on
            counted.identity_level = 'confirmed'
            and periods.period_end = counted.period_end
            and splits.source is not distinct from counted.source
            and splits.role is not distinct from counted.role
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and periods.period_end = probable.period_end
            and splits.source is not distinct from probable.source
            and splits.role is not distinct from probable.role
),

judged as (
    select *, are_roles_known and status <> 'unavailable' as is_measured
    from measured
    where are_roles_known or role is null
)

select
    grain,
    period_start,
    period_end,
    source,
    role,
    category,
    population,

    case when is_measured then found / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(found, persons) end as ci_low,
    case when is_measured then wilson_high(found, persons) end as ci_high,
    case when is_measured and persons > 0 then probable_found / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then found end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('found', 'persons'),
                smaller_group('probable_found', 'probable_persons')
            ) }}
    end as smallest_group,
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

-- How likely those of a group lead, beside everybody else of whom it is known: leaders at the end
-- of the quarter by those active in the year before, in the group, divided by the same of the
-- others. Parity is 1. Without a leader in the group the ratio is corrected, and says so.

{% set days = var('parameters')['contributor_window_days'] %}
with periods as (
    select * from (
        {{ window_slices('quarter', days, ['all', 'community']) }}
    ) as windows
    where area = 'all'
),

roles_known as (
    select min(known_from) as known_from from {{ ref('fct_role_source') }}
),

persons as (
    select
        windows.identity_level,
        windows.period_end,
        windows.population,
        windows.person_id,
        windows.is_affiliation_unknown,
        levels.region,
        levels.tenure,
        leaders.person_id is not null as is_leader
    from {{ ref('fct_identity_window') }} as windows
    inner join {{ ref('fct_identity_level') }} as levels
        on
            windows.identity_level = levels.identity_level
            and windows.person_id = levels.person_id
            and windows.period_end = levels.period_end
            and levels.area = 'all'
    left join (
        select distinct identity_level, person_id, period_end
        from {{ ref('fct_identity_leadership') }}
    ) as leaders
        on
            windows.identity_level = leaders.identity_level
            and windows.person_id = leaders.person_id
            and windows.period_end = leaders.period_end
    where windows.area = 'all'
),

grouped as (
    select 'region' as attribute, region as attribute_value, persons.* from persons
    union all
    select 'tenure' as attribute, tenure as attribute_value, persons.* from persons
),

counted as (
    select
        identity_level,
        period_end,
        population,
        attribute,
        attribute_value,
        count(*) as active,
        count_if(is_leader) as leaders,
        count_if(is_affiliation_unknown) as unknown_persons
    from grouped
    group by identity_level, period_end, population, attribute, attribute_value
),

sums as (
    select
        *,
        sum(active) over everybody as everybody,
        sum(active) filter (where attribute_value <> 'unknown') over everybody as known,
        sum(leaders) filter (where attribute_value <> 'unknown') over everybody as known_leaders,
        sum(unknown_persons) filter (where attribute_value <> 'unknown') over everybody
            as known_of_unknown_affiliation
    from counted
    window everybody as (partition by identity_level, period_end, population, attribute)
),

sides as (
    select
        *,
        known - active as others,
        known_leaders - leaders as other_leaders
    from sums
    where attribute_value <> 'unknown'
),

splits as (
    select distinct attribute, attribute_value from sides where identity_level = 'confirmed'
),

measured as (
    select
        periods.*,
        splits.attribute,
        splits.attribute_value,
        coalesce(roles_known.known_from <= periods.period_end::date, false) as are_roles_known,
        coalesce(sides.active, 0) as active,
        coalesce(sides.leaders, 0) as leaders,
        coalesce(sides.others, 0) as others,
        coalesce(sides.other_leaders, 0) as other_leaders,
        sides.known / sides.everybody as coverage,
        sides.known_of_unknown_affiliation,
        katz(sides.leaders, sides.active, sides.other_leaders, sides.others) as ratio,
        coalesce(probable.active, 0) as probable_active,
        coalesce(probable.leaders, 0) as probable_leaders,
        coalesce(probable.others, 0) as probable_others,
        coalesce(probable.other_leaders, 0) as probable_other_leaders,
        katz(
            probable.leaders, probable.active, probable.other_leaders, probable.others
        ) as probable_ratio
    from periods
    cross join splits
    cross join roles_known
    left join sides
        on
            sides.identity_level = 'confirmed'
            and periods.period_end = sides.period_end
            and periods.population = sides.population
            and splits.attribute = sides.attribute
            and splits.attribute_value = sides.attribute_value
    left join sides as probable
        on
            probable.identity_level = 'probable'
            and periods.period_end = probable.period_end
            and periods.population = probable.population
            and splits.attribute = probable.attribute
            and splits.attribute_value = probable.attribute_value
),

judged as (
    select
        *,
        are_roles_known and status <> 'unavailable' as is_known,
        are_roles_known
        and status <> 'unavailable'
        and active > 0
        and others > 0
        and leaders + other_leaders > 0 as is_measured,
        probable_active > 0
        and probable_others > 0
        and probable_leaders + probable_other_leaders > 0 as is_probable_comparable
    from measured
)

select
    grain,
    period_start,
    period_end,
    attribute,
    attribute_value,
    population,

    case when is_measured then ratio.value end as value,
    case when is_measured then ratio.low end as ci_low,
    case when is_measured then ratio.high end as ci_high,
    case when is_measured and is_probable_comparable then probable_ratio.value end
        as value_with_probable,
    case when is_known then leaders end::double as numerator,
    case when is_known then active end::double as denominator,
    case when is_known then active + others end::bigint as persons,
    case
        when is_known
            then coalesce(least(
                nullif(active, 0),
                nullif(others, 0),
                nullif(leaders, 0),
                nullif(other_leaders, 0),
                nullif(probable_active, 0),
                nullif(probable_others, 0),
                nullif(probable_leaders, 0),
                nullif(probable_other_leaders, 0)
            ), 0)
    end::bigint as smallest_group,
    case when is_known then coverage end as coverage,
    case
        when is_known and population = 'community'
            then known_of_unknown_affiliation / nullif(active + others, 0)
    end as unknown_affiliation_share,
    case
        when not is_known then 'unavailable'
        when not is_measured then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'continuity_corrected': 'is_measured and ratio.corrected',
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

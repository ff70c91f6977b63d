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
        windows.period_end,
        windows.population,
        windows.person_id,
        windows.is_affiliation_unknown,
        levels.region,
        levels.tenure,
        leaders.person_id is not null as is_leader
    from {{ ref('fct_contributor_window') }} as windows
    inner join {{ ref('fct_contributor_level') }} as levels
        on
            windows.person_id = levels.person_id
            and windows.period_end = levels.period_end
            and levels.area = 'all'
    left join (select distinct person_id, period_end from {{ ref('fct_leadership') }}) as leaders
        on
            windows.person_id = leaders.person_id
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
        period_end,
        population,
        attribute,
        attribute_value,
        count(*) as active,
        count_if(is_leader) as leaders,
        count_if(is_affiliation_unknown) as unknown_persons
    from grouped
    group by period_end, population, attribute, attribute_value
),

sums as (
    select
        *,
        sum(active) over everybody as everybody,
        sum(active) filter (where attribute_value <> 'unknown') over everybody as known,
        sum(leaders) filter (where attribute_value <> 'unknown') over everybody as known_leaders
    from counted
    window everybody as (partition by period_end, population, attribute)
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
    select distinct attribute, attribute_value from sides
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
        sides.unknown_persons,
        katz(sides.leaders, sides.active, sides.other_leaders, sides.others) as ratio
    from periods
    cross join splits
    cross join roles_known
    left join sides using (period_end, population, attribute, attribute_value)
),

judged as (
    select
        *,
        are_roles_known and status <> 'unavailable' as is_known,
        are_roles_known
        and status <> 'unavailable'
        and active > 0
        and others > 0
        and leaders + other_leaders > 0 as is_measured
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
    case when is_known then leaders end::double as numerator,
    case when is_known then active end::double as denominator,
    case when is_known then active + others end::bigint as persons,
    case
        when is_known
            then coalesce(least(
                nullif(active, 0), nullif(others, 0), nullif(leaders, 0), nullif(other_leaders, 0)
            ), 0)
    end::bigint as smallest_group,
    case when is_known then coverage end as coverage,
    case when is_known and population = 'community' then unknown_persons / nullif(active, 0) end
        as unknown_affiliation_share,
    case
        when not is_known then 'unavailable'
        when not is_measured then 'no_denominator'
        else status
    end as status,
    {{ flags({
        'continuity_corrected': 'is_measured and ratio.corrected',
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

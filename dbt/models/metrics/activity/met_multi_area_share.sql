-- Of the persons active in the year before the end of a quarter, the share with two or more areas
-- in the two years before it: at the same time (both within 90 days, at the end of some month), or
-- only one after the other. Who is seen in one system alone cannot show it: a lower bound.

with slices as (
    select
        quarters.grain,
        quarters.period_start,
        quarters.period_end,
        windows.status,
        windows.is_source_missing,
        populations.population,
        kinds.category
    from {{ ref('fct_area_period') }} as quarters
    inner join {{ ref('fct_area_period') }} as windows
        on quarters.period_end = windows.period_end and quarters.area = windows.area
    cross join (select unnest(['all', 'community']) as population) as populations
    cross join (select unnest([null, 'simultaneous', 'sequential']) as category) as kinds
    where
        quarters.grain = 'quarter'
        and quarters.area = 'all'
        and windows.grain = 'trailing_{{ var("parameters")["areas_window_days"] }}d'
),

judged as (
    select
        period_end,
        population,
        is_affiliation_unknown,
        identity_level = 'confirmed' as is_confirmed,
        case
            when areas < 2 then 'one_area'
            when is_simultaneous then 'simultaneous'
            else 'sequential'
        end as found
    from {{ ref('fct_identity_year') }}
),

marked as (
    select
        slices.*,
        judged.is_affiliation_unknown,
        judged.is_confirmed,
        judged.found <> 'one_area' and coalesce(judged.found = slices.category, true) as is_counted
    from slices
    left join judged using (period_end, population)
),

measured as (
    select
        grain,
        period_start,
        period_end,
        category,
        population,
        status,
        is_source_missing,
        count(*) filter (where is_confirmed) as persons,
        count(*) filter (where is_confirmed and is_affiliation_unknown) as unknown_persons,
        count(*) filter (where is_confirmed and is_counted) as several,
        count(*) filter (where not is_confirmed) as persons_with_probable,
        count(*) filter (where not is_confirmed and is_counted) as several_with_probable
    from marked
    group by grain, period_start, period_end, category, population, status, is_source_missing
)

select
    grain,
    period_start,
    period_end,
    category,
    population,

    case when status <> 'unavailable' then several / nullif(persons, 0) end as value,
    case when status <> 'unavailable' then wilson_low(several, persons) end as ci_low,
    case when status <> 'unavailable' then wilson_high(several, persons) end as ci_high,
    case
        when status <> 'unavailable' then several_with_probable / nullif(persons_with_probable, 0)
    end as value_with_probable,
    case when status <> 'unavailable' then several::double end as numerator,
    case when status <> 'unavailable' then persons::double end as denominator,
    case when status <> 'unavailable' then persons end as persons,
    case
        when status <> 'unavailable'
            then {{ smaller_group(smaller_group('several', 'persons'), 'several_with_probable') }}
    end as smallest_group,
    case
        when status <> 'unavailable' and population = 'community'
            then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case when status <> 'unavailable' and persons = 0 then 'no_denominator' else status end
        as status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

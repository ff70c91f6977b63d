-- Of the persons who contributed outside of the forum in the 90 days before the end of a quarter,
-- those who also posted on Discourse in them. Readers are invisible: a lower bound.

{% set window = var('parameters')['level_window_days'] %}
with slices as (
    select
        quarters.grain,
        quarters.period_start,
        quarters.period_end,
        quarters.area,
        case
            when forum.status = 'unavailable' or forum.status is null then 'unavailable'
            when forum.status = 'provisional' then 'provisional'
            else windows.status
        end as status,
        windows.is_source_missing
    from {{ ref('fct_area_period') }} as quarters
    inner join {{ ref('fct_area_period') }} as windows
        on quarters.period_end = windows.period_end and quarters.area = windows.area
    left join {{ ref('fct_area_period') }} as forum
        on
            windows.period_end = forum.period_end
            and windows.grain = forum.grain
            and forum.area = 'community_forum'
    where
        quarters.grain = 'quarter'
        and quarters.area <> 'community_forum'
        and windows.grain = 'trailing_{{ window }}d'
),

-- Windows end with a month, so the last active day of each month tells who was active in them.
active as (
    select
        months.identity_level,
        slices.period_end,
        months.area,
        months.person_id,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
    from (select distinct period_end from slices) as slices
    inner join {{ ref('fct_identity_month') }} as months
        on
            months.last_active_on >= slices.period_end - interval {{ window }} day
            and months.last_active_on < slices.period_end
    inner join {{ ref('dim_population') }} as populations
        on months.affiliation = populations.affiliation and populations.population = 'community'
    where months.area <> 'all'
    group by months.identity_level, slices.period_end, months.area, months.person_id
),

everywhere as (
    select identity_level, period_end, area, person_id, is_affiliation_unknown
    from active
    where area <> 'community_forum'
    union all
    select
        identity_level,
        period_end,
        'all' as area,
        person_id,
        bool_or(is_affiliation_unknown) as is_affiliation_unknown
    from active
    where area <> 'community_forum'
    group by identity_level, period_end, person_id
),

marked as (
    select
        everywhere.*,
        coalesce(levels.region, 'unknown') as region,
        posters.person_id is not null as has_posted
    from everywhere
    left join (
        select identity_level, period_end, person_id from active where area = 'community_forum'
    ) as posters using (identity_level, period_end, person_id)
    left join {{ ref('fct_identity_level') }} as levels
        on
            everywhere.identity_level = levels.identity_level
            and everywhere.person_id = levels.person_id
            and everywhere.period_end = levels.period_end
            and levels.area = 'all'
),

counted as (
    select
        identity_level,
        period_end,
        area,
        region,
        count(*) as persons,
        count(*) filter (where has_posted) as posters,
        count(*) filter (where is_affiliation_unknown) as unknown_persons
    from marked
    group by identity_level, period_end, area, grouping sets ((), (region))
),

places as (
    select distinct area, region from counted
    where identity_level = 'confirmed'
    union
    select area, null from slices
),

measured as (
    select
        slices.*,
        places.region,
        slices.status <> 'unavailable' as is_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.posters, 0) as posters,
        counted.unknown_persons,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.posters, 0) as probable_posters
    from slices
    inner join places using (area)
    left join counted
        on
            counted.identity_level = 'confirmed'
            and slices.period_end = counted.period_end
            and slices.area = counted.area
            and places.region is not distinct from counted.region
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and slices.period_end = probable.period_end
            and slices.area = probable.area
            and places.region is not distinct from probable.region
    where slices.status <> 'unavailable' or places.region is null
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    'community' as population,

    case when is_known then posters / nullif(persons, 0) end as value,
    case when is_known then wilson_low(posters, persons) end as ci_low,
    case when is_known then wilson_high(posters, persons) end as ci_high,
    case when is_known and persons > 0 then probable_posters / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_known then posters end::double as numerator,
    case when is_known then persons end::double as denominator,
    case when is_known then persons end as persons,
    case
        when is_known
            then {{ smaller_group(
                smaller_group('posters', 'persons'),
                smaller_group('probable_posters', 'probable_persons')
            ) }}
    end as smallest_group,
    case when is_known then unknown_persons / nullif(persons, 0) end as unknown_affiliation_share,
    case when is_known and persons = 0 then 'no_denominator' else status end as status,
    {{ flags_of({
        'lower_bound': 'is_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

-- One row a period and area (`all`: all areas together): whether it can be measured, and how well.
-- With some sources missing, what the others show is provisional and flagged; with all,
-- unavailable. A series begins where the first of its sources does. A loaded source whose streams
-- for an area were never read does not feed it, unless nothing else does: then the area is
-- unavailable.

with feeding as (
    select
        types.area,
        types.source,
        max(case when types.is_read or not sources.is_loaded then 1 else 0 end) as is_read
    from {{ ref('dim_activity_type') }} as types
    inner join {{ ref('dim_source') }} as sources on types.source = sources.source
    group by types.area, types.source
),

areas as (
    select area, source, is_read
    from (
        select
            area,
            source,
            is_read,
            max(is_read) over (partition by area) as is_any_read
        from feeding
    ) as beside_others
    where is_read = 1 or is_any_read = 0
    union all
    select distinct 'all' as area, source, 1 as is_read from feeding
),

states as (
    select
        grain,
        period_start,
        period_end,
        source,
        state,
        case when state in ('missing', 'not_begun') then 1 else 0 end as is_missing,
        is_newness_known
    from {{ ref('fct_source_period') }}
),

periods as (
    select
        states.grain,
        states.period_start,
        states.period_end,
        states.state,
        areas.area,
        case when areas.is_read = 0 then 1 else states.is_missing end as is_missing,
        states.is_newness_known
    from states
    inner join areas on states.source = areas.source
)

select
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.area,

    case
        when min(periods.is_missing) = 1 then 'unavailable'
        when max(case when periods.state = 'complete' then 0 else 1 end) = 1 then 'provisional'
        else 'complete'
    end as status,
    min(periods.is_missing) = 0 and max(periods.is_missing) = 1 as is_source_missing,
    min(case when periods.is_newness_known then 1 else 0 end) = 1 as is_newness_known
from periods
group by periods.grain, periods.period_start, periods.period_end, periods.area
having min(case when periods.state = 'not_begun' then 1 else 0 end) = 0

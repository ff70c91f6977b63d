-- One row a period and area (`all`: all areas together): whether it can be measured, and how well.
-- With some sources missing, what the others show is provisional and flagged; with all,
-- unavailable. A series begins where the first of its sources does.

with areas as (
    select distinct area, source from {{ ref('activity_types') }}
    union all
    select distinct 'all' as area, source from {{ ref('activity_types') }}
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
)

select
    periods.grain,
    periods.period_start,
    periods.period_end,
    areas.area,

    case
        when min(periods.is_missing) = 1 then 'unavailable'
        when max(case when periods.state = 'complete' then 0 else 1 end) = 1 then 'provisional'
        else 'complete'
    end as status,
    min(periods.is_missing) = 0 and max(periods.is_missing) = 1 as is_source_missing,
    min(case when periods.is_newness_known then 1 else 0 end) = 1 as is_newness_known
from states as periods
inner join areas on periods.source = areas.source
group by periods.grain, periods.period_start, periods.period_end, areas.area
having min(case when periods.state = 'not_begun' then 1 else 0 end) = 0

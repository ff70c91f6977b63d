-- One row a period and source that feeds it: how much of the period is loaded (catalogue 0.1, 0.6).
-- A source feeds a period while it lives. `not_begun`: it ends before the first loaded day;
-- `missing`: nothing of it is loaded, or its beginning is not; `provisional`: the watermark has not
-- passed the end and the grace; else `complete`.

select
    periods.grain,
    periods.period_start,
    periods.period_end,
    sources.source,

    case
        when sources.has_unknown_past and periods.period_end <= sources.loaded_from then 'not_begun'
        when not sources.is_loaded or sources.watermark is null then 'missing'
        when sources.watermark <= periods.period_start then 'missing'
        when sources.has_unknown_past and sources.loaded_from > periods.period_start then 'missing'
        when
            sources.watermark
            < {{ dbt.dateadd(
                'minute', 'cast(60 * sources.grace_hours as integer)', 'periods.period_end'
            ) }}
            then 'provisional'
        else 'complete'
    end as state,
    not sources.has_unknown_past
    or sources.newness_known_from <= periods.period_end as is_newness_known
from {{ ref('dim_period') }} as periods
inner join {{ ref('dim_source') }} as sources
    on
        periods.period_end > cast(sources.opened_on as {{ dbt.type_timestamp() }})
        and (
            sources.ends_on is null
            or periods.period_start
            < {{ dbt.dateadd('day', 1, 'cast(sources.ends_on as ' ~ dbt.type_timestamp() ~ ')') }}
        )

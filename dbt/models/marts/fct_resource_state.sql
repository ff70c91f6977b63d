-- One row a year and resource that the catalogue or the kept file names: whether it can be told.
-- Requests for budget are approved in a part of Bugzilla that is not public.

with listed as (
    select 'approved_requests' as resource
    union
    select 'events' as resource
    union
    select 'staff_interactions' as resource
    union
    select resource from {{ ref('fct_resource') }}
),

years as (
    select
        periods.period_start,
        periods.period_end,
        windows.status
    from {{ ref('dim_period') }} as periods
    inner join {{ ref('fct_area_period') }} as windows
        on
            periods.period_end = windows.period_end
            and windows.area = 'all'
            and windows.grain = 'trailing_{{ var("parameters")["contributor_window_days"] }}d'
    where periods.grain = 'year'
),

reps as (
    select period_start, state
    from {{ ref('fct_source_period') }}
    where source = 'reps' and grain = 'year'
),

shown as (
    select distinct resource from {{ ref('fct_resource') }}
)

select
    years.period_start,
    years.period_end,
    listed.resource,

    case
        when years.status = 'unavailable' or shown.resource is null then 'unavailable'
        when
            listed.resource = 'events'
            and coalesce(reps.state, 'missing') in ('missing', 'not_begun')
            then 'unavailable'
        when listed.resource = 'events' and reps.state <> years.status then 'provisional'
        else years.status
    end as status,
    shown.resource is null as is_source_silent
from years
cross join listed
left join shown on listed.resource = shown.resource
left join reps on years.period_start = reps.period_start

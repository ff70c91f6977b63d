-- One row a period that is over: calendar months, quarters, years, ISO weeks, and windows of n days
-- up to the end of each month (catalogue 0.1). A period is over when the newest watermark of any
-- source has passed its end. All are half-open [period_start, period_end), UTC.

{% set parameters = var('parameters') %}
{% set windows = (
    parameters['activity_windows_days']
    + [parameters['contributor_window_days'], parameters['areas_window_days']]
    + [parameters['reactivation_until_days']]
) | unique | list %}
with bounds as (
    select
        {{ dbt.date_trunc('month', 'min(loaded_from)') }} as first_month,
        {{ dbt.date_trunc('week', 'min(loaded_from)') }} as first_week,
        {{ dbt.date_trunc('quarter', 'min(loaded_from)') }} as first_quarter,
        {{ dbt.date_trunc('year', 'min(loaded_from)') }} as first_year,
        max(watermark) as horizon
    from {{ ref('stg_pipeline__sources') }}
    where is_loaded and not coalesce(is_kept, false)
),

starts as (
    select
        'month' as grain,
        {{ date_series('first_month', 'horizon', 'month') }} as start_at,
        horizon
    from bounds
    union all
    select
        'week' as grain,
        {{ date_series('first_week', 'horizon', 'week') }} as start_at,
        horizon
    from bounds
    union all
    select
        'quarter' as grain,
        {{ date_series('first_quarter', 'horizon', 'quarter') }} as start_at,
        horizon
    from bounds
    union all
    select
        'year' as grain,
        {{ date_series('first_year', 'horizon', 'year') }} as start_at,
        horizon
    from bounds
),

spans as (
    select
        grain,
        start_at,
        case grain
            when 'month' then {{ dbt.dateadd('month', 1, 'start_at') }}
            when 'week' then {{ dbt.dateadd('day', 7, 'start_at') }}
            when 'quarter' then {{ dbt.dateadd('month', 3, 'start_at') }}
            else {{ dbt.dateadd('year', 1, 'start_at') }}
        end as end_at,
        horizon
    from starts
),

closed as (
    select grain, start_at, end_at
    from spans
    where end_at <= horizon
),

windows as (
    {% for days in windows %}
        select
            'trailing_{{ days }}d' as grain,
            {{ dbt.dateadd('day', -days, 'end_at') }} as start_at,
            end_at
        from closed
        where grain = 'month'
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select
    grain,

    cast(start_at as {{ dbt.type_timestamp() }}) as period_start,
    cast(end_at as {{ dbt.type_timestamp() }}) as period_end
from closed

union all

select
    grain,

    cast(start_at as {{ dbt.type_timestamp() }}) as period_start,
    cast(end_at as {{ dbt.type_timestamp() }}) as period_end
from windows

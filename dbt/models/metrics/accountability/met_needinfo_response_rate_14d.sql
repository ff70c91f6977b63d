-- The share of a month's needinfo requests that the asked person answered within 14 days; told once
-- the whole month has had that time. What its setter withdrew in that time was not asked; what was
-- passed on, cleared by others or with the resolution was not answered.

{% set limit = 24 * var('parameters')['needinfo_response_days'] %}
with periods as (
    select *
    from ({{ item_periods(['needinfo'], ['month']) }}) as every_period
    where state = 'missing' or period_end + to_hours({{ limit }}) <= watermark
),

requests as (
    select
        *,
        date_trunc('month', opened_at) as period_start,
        coalesce(response_hours < {{ limit }}, false) as is_answered
    from {{ ref('fct_item') }}
    where
        item_type = 'needinfo'
        and set_aside_reason is null
        and not (is_cancelled and observed_hours < {{ limit }})
),

counted as (
    select
        period_start,
        product,
        asked_affiliation,
        count(*) as requests,
        count_if(is_answered) as answered,
        count(distinct opener_id) as setters,
        count(distinct coalesce(asked_id, item_id)) as asked,
        count(distinct responder_id) filter (where is_answered) as responders
    from requests
    group by
        period_start,
        grouping sets ((), (product), (asked_affiliation), (product, asked_affiliation))
    having grouping(product) = 1 or product is not null
),

measured as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.state,
        periods.state <> 'missing' as is_measured,
        counted.product,
        counted.asked_affiliation,
        coalesce(counted.requests, 0) as requests,
        coalesce(counted.answered, 0) as answered,
        coalesce(counted.setters, 0) as setters,
        coalesce(counted.asked, 0) as asked,
        coalesce(counted.responders, 0) as responders
    from periods
    left join counted using (period_start)
)

select
    grain,
    period_start,
    period_end,
    product,
    asked_affiliation as category,

    case when is_measured then answered / nullif(requests, 0) end as value,
    case when is_measured then wilson_low(answered, requests) end as ci_low,
    case when is_measured then wilson_high(answered, requests) end as ci_high,
    case when is_measured then answered end::double as numerator,
    case when is_measured then requests end::double as denominator,
    case when is_measured then asked end as persons,
    case
        when is_measured
            then {{ smaller_group(smaller_group('asked', 'setters'), 'responders') }}
    end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when requests = 0 then 'no_denominator'
        else state
    end as status,
    null::varchar as flags
from measured

-- Needinfo requests that volunteers set on staff and that were still open at the end of the month
-- after more than 14 days: how many, and the median of their age. Rebuilt from the history of
-- flags; who was staff is told by the day of the request.

{% set days = var('parameters')['needinfo_response_days'] %}
with periods as (
    select
        periods.*,
        populations.population,
        populations.setters as setter_affiliations
    from ({{ item_periods(['needinfo'], ['month']) }}) as periods
    cross join (
        select 'volunteer_strict' as population, ['volunteer'] as setters
        union all
        select 'community' as population, ['volunteer', 'unknown'] as setters
    ) as populations
),

waiting as (
    select
        periods.period_start,
        periods.population,
        requests.product,
        requests.opener_id,
        requests.opener_affiliation,
        coalesce(requests.asked_id, requests.item_id) as asked_id,
        date_diff('microsecond', requests.opened_at, periods.period_end) / 86400e6 as age_days
    from periods
    inner join {{ ref('fct_item') }} as requests
        on
            requests.item_type = 'needinfo'
            and requests.set_aside_reason is null
            and periods.period_end > requests.opened_at + to_days({{ days }})
            and periods.period_end <= coalesce(requests.settled_at, timestamp '9999-12-31')
    where
        list_contains(periods.setter_affiliations, requests.opener_affiliation)
        and {{ is_staff('requests.asked_affiliation') }}
),

counted as (
    select
        period_start,
        population,
        product,
        count(*) as requests,
        count(distinct opener_id) as setters,
        count(distinct asked_id) as asked,
        count(distinct opener_id) filter (where opener_affiliation = 'unknown') as unknown_setters,
        median_limits(list(age_days order by age_days)) as middle
    from waiting
    group by period_start, population, grouping sets ((), (product))
),

measured as (
    select
        periods.*,
        periods.state <> 'missing' as is_measured,
        counted.product,
        coalesce(counted.requests, 0) as requests,
        coalesce(counted.setters, 0) as setters,
        coalesce(counted.asked, 0) as asked,
        counted.unknown_setters,
        counted.middle
    from periods
    left join counted using (period_start, population)
),

told as (
    select
        *,
        null as category,
        requests::double as told_value,
        null::double as told_low,
        null::double as told_high
    from measured
    union all
    select
        *,
        'median_age_d' as category,
        middle.median as told_value,
        middle.low as told_low,
        middle.high as told_high
    from measured
)

select
    grain,
    period_start,
    period_end,
    product,
    category,
    population,

    case when is_measured then told_value end as value,
    case when is_measured then told_low end as ci_low,
    case when is_measured then told_high end as ci_high,
    null::double as numerator,
    null::double as denominator,
    case when is_measured then setters end as persons,
    case when is_measured then {{ smaller_group('setters', 'asked') }} end as smallest_group,
    case when is_measured and population = 'community' then unknown_setters / nullif(setters, 0) end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when told_value is null then 'no_denominator'
        else state
    end as status,
    null::varchar as flags
from told

-- The share of first responses that staff gave, on bugs and topics opened by volunteers or unknown
-- and on questions of anybody, by the month in which they were opened. Low: who is unknown is a
-- volunteer; high: is staff. What nobody responded to is not in it.

with periods as (
    select periods.*, bands.*
    from ({{ item_periods(['question', 'bug', 'topic'], ['month']) }}) as periods
    cross join {{ affiliation_band() }} as bands
),

responses as (
    select *, date_trunc('month', opened_at) as period_start
    from {{ ref('fct_item') }}
    where
        item_type in ('question', 'bug', 'topic')
        and set_aside_reason is null
        and is_responded
        and (item_type = 'question' or not {{ is_staff('opener_affiliation') }})
),

counted as (
    select
        responses.period_start,
        responses.source,
        bands.category,
        responses.locale,
        responses.product,
        count(*) as responses,
        count_if(list_contains(bands.counted_as_staff, responses.responder_affiliation))
            as staff_responses,
        count(distinct responses.responder_id) as responders,
        count(distinct responses.responder_id) filter (
            where list_contains(bands.counted_as_staff, responses.responder_affiliation)
        ) as staff,
        count(distinct responses.responder_id) filter (
            where responses.responder_affiliation = 'unknown'
        ) as unknown_persons
    from responses
    cross join {{ affiliation_band() }} as bands
    group by
        responses.period_start,
        responses.source,
        bands.category,
        grouping sets ((), (responses.locale), (responses.product))
    having
        (grouping(responses.locale) = 1 or responses.locale is not null)
        and (grouping(responses.product) = 1 or responses.product is not null)
),

measured as (
    select
        periods.*,
        counted.locale,
        counted.product,
        periods.state <> 'missing' as is_measured,
        coalesce(counted.responses, 0) as responses,
        coalesce(counted.staff_responses, 0) as staff_responses,
        coalesce(counted.responders, 0) as responders,
        coalesce(counted.staff, 0) as staff,
        counted.unknown_persons
    from periods
    left join counted using (period_start, source, category)
)

select
    grain,
    period_start,
    period_end,
    source,
    locale,
    product,
    category,

    case when is_measured then staff_responses / nullif(responses, 0) end as value,
    case when is_measured then wilson_low(staff_responses, responses) end as ci_low,
    case when is_measured then wilson_high(staff_responses, responses) end as ci_high,
    case when is_measured then staff_responses end::double as numerator,
    case when is_measured then responses end::double as denominator,
    case when is_measured then responders end as persons,
    case when is_measured then {{ smaller_group('staff', 'responders') }} end as smallest_group,
    case when is_measured then unknown_persons / nullif(responders, 0) end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when responses = 0 then 'no_denominator'
        else state
    end as status,
    null::varchar as flags
from measured

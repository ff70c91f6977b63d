-- The share of a month's topics to which no other person posted within 7 days; told once the whole
-- month has had that time. What was closed as it was opened is an announcement and left out
-- (Discourse's own report, which only its staff see). By category, and by tag: a topic has one
-- category and counts under each of its tags.

{% set limit = 24 * var('parameters')['forum_answer_days'] %}
with periods as (
    select *
    from ({{ item_periods(['topic'], ['month']) }}) as every_period
    where state = 'missing' or period_end + to_hours({{ limit }}) <= watermark
),

topics as (
    select
        *,
        date_trunc('month', opened_at) as period_start,
        coalesce(response_hours >= {{ limit }}, true) as is_unanswered
    from {{ ref('fct_item') }}
    where item_type = 'topic' and set_aside_reason is null
),

filed as (
    select *, null as category from topics
    union all
    select *, 'category ' || component as category from topics where component is not null
    union all
    select topics.*, 'tag ' || tags.tag as category
    from topics
    inner join {{ ref('fct_item_tag') }} as tags using (item_id)
),

counted as (
    select
        period_start,
        category,
        count(*) as topics,
        count(*) filter (where is_unanswered) as unanswered,
        count(distinct opener_id) as openers,
        count(distinct opener_id) filter (where is_unanswered) as unanswered_openers
    from filed
    group by period_start, category
),

measured as (
    select
        periods.*,
        periods.state <> 'missing' as is_measured,
        counted.category,
        coalesce(counted.topics, 0) as topics,
        coalesce(counted.unanswered, 0) as unanswered,
        coalesce(counted.openers, 0) as openers,
        coalesce(counted.unanswered_openers, 0) as unanswered_openers
    from periods
    left join counted using (period_start)
)

select
    grain,
    period_start,
    period_end,
    category,

    case when is_measured then unanswered / nullif(topics, 0) end as value,
    case when is_measured then wilson_low(unanswered, topics) end as ci_low,
    case when is_measured then wilson_high(unanswered, topics) end as ci_high,
    case when is_measured then unanswered end::double as numerator,
    case when is_measured then topics end::double as denominator,
    case when is_measured then openers end as persons,
    case when is_measured then {{ smaller_group('unanswered_openers', 'openers') }} end
        as smallest_group,
    case
        when not is_measured then 'unavailable'
        when topics = 0 then 'no_denominator'
        else state
    end as status,
    null::varchar as flags
from measured

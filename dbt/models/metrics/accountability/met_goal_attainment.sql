-- How much of the way from its baseline to its target a goal has gone at the end of a period. A
-- flag says what that means: met, on_track (as much of the way as of the time), at_risk (half as
-- much), behind; after the due date met or missed; unmeasured where the metric has no value.

with gone as (
    select
        values_.*,
        (actual - baseline) / (target - baseline) as attainment,
        cast(period_end as date) >= due_on as is_over,
        least(
            1.0,
            date_diff('day', starts_on, cast(period_end as date))
            / cast(date_diff('day', starts_on, due_on) as double)
        ) as elapsed,
        lag(version_number) over (partition by goal order by period_end) as version_before
    from {{ ref('goal_value') }} as values_
),

judged as (
    select
        *,
        case
            when attainment is null then 'unmeasured'
            when attainment >= 1 then 'met'
            when is_over then 'missed'
            when attainment >= elapsed then 'on_track'
            when attainment >= elapsed / 2 then 'at_risk'
            else 'behind'
        end as verdict
    from gone
)

select
    'goal' as grain,
    period_start,
    period_end,
    goal,
    'topic_area' as attribute,
    topic_area as attribute_value,

    attainment as value,
    actual - baseline as numerator,
    case when attainment is not null then target - baseline end as denominator,
    persons,
    coalesce(smallest_group, persons) as smallest_group,
    case when attainment is null then 'unavailable' else status end as status,
    {{ flags_of({
        'at_risk': "verdict = 'at_risk'",
        'behind': "verdict = 'behind'",
        'goal_changed': 'version_number > version_before',
        'met': "verdict = 'met'",
        'metric_not_offered': 'not is_offered',
        'missed': "verdict = 'missed'",
        'on_track': "verdict = 'on_track'",
        'unmeasured': "verdict = 'unmeasured'",
    }) }} as flags
from judged

-- Approved requests of which no receipt, report or photo was still asked for 60 days later, by the
-- quarter of approval. The markers stand in the bug's whiteboard, of which we keep no text: that a
-- request was approved is all that can be told, and the rate is not.

select
    periods.grain,
    periods.period_start,
    periods.period_end,

    null::double as value,
    null::double as numerator,
    null::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    'unavailable' as status,
    {{ flags_of({
        'markers_not_kept': 'shown.requests > 0',
        'source_restricted': 'shown.requests = 0',
    }) }} as flags
from {{ ref('fct_source_period') }} as periods
cross join (select count(*) as requests from {{ ref('fct_budget_request') }}) as shown
where periods.source = 'bugzilla' and periods.grain = 'quarter' and periods.state <> 'not_begun'

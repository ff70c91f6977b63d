-- Records stored for each record that the source itself counts, by stream and window. Above 1:
-- removed at the source since. A source that offers no count cannot be checked.

select
    'window' as grain,
    window_start as period_start,
    window_end as period_end,
    source,
    stream,
    window_name as category,

    stored_count / nullif(source_count, 0) as value,
    stored_count::double as numerator,
    source_count::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    case
        when source_count is null then 'unavailable'
        when source_count = 0 then 'no_denominator'
        else 'complete'
    end as status,
    {{ flags_of({
        'below_threshold': 'stored_count / nullif(source_count, 0) < '
            ~ var('parameters')['completeness_floor'],
        'removed_at_source': 'stored_count > source_count and source_count > 0',
        'unverifiable': 'source_count is null',
    }) }} as flags
from {{ ref('fct_extraction_count') }}

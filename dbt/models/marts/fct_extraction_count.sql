-- One row a stream and window: the source's own count beside ours. A stream whose source offers no
-- count has one row without a window.

select
    streams.source,
    streams.stream,
    counts.window_name,

    counts.source_count,
    counts.stored_count,

    counts.window_start,
    counts.window_end
from {{ ref('stg_pipeline__streams') }} as streams
left join {{ ref('stg_pipeline__counts') }} as counts
    on
        streams.source = counts.source
        and streams.stream = counts.stream

-- One row a kind of contribution (catalogue 0.2), its source, and whether the stream that shows it
-- was ever read: what was not is unavailable, not zero.

select
    types.event_type,
    types.area,
    types.sub_area,
    types.source,
    types.stream,

    streams.watermark is not null as is_read
from {{ ref('activity_types') }} as types
left join {{ ref('stg_pipeline__streams') }} as streams
    on
        types.source = streams.source
        and types.stream = streams.stream

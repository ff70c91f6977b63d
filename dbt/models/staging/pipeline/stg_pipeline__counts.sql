-- One row a stream and window: the source's own count beside what the lake holds.

select
    source,
    stream,

    window_name,
    source_count,
    stored_count,

    {{ utc('window_start') }} as window_start,
    {{ utc('window_end') }} as window_end
from {{ lake('pipeline', 'counts') }}

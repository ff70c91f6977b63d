-- One row a stream: what the lake holds of it.

select
    source,
    stream,

    records,
    versions,
    batches,

    {{ utc('watermark') }} as watermark
from {{ lake('pipeline', 'streams') }}

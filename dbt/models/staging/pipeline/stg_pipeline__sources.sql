-- One row a source: its own life, and from when and up to when the lake holds it.

select
    source,

    title,
    grace_hours,
    is_loaded,

    opened_on,
    closed_on,
    {{ utc('loaded_from') }} as loaded_from,
    {{ utc('watermark') }} as watermark
from {{ source('pipeline', 'sources') }}

-- One row a source: its own life, and from when and up to when the lake holds it. is_kept: files
-- that people keep; they say nothing of how far the systems were read.

select
    source,

    title,
    grace_hours,
    is_loaded,
    coalesce(is_kept, false) as is_kept,

    opened_on,
    closed_on,
    {{ utc('loaded_from') }} as loaded_from,
    {{ utc('watermark') }} as watermark
from {{ lake('pipeline', 'sources') }}

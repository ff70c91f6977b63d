-- Hours from a source's watermark to the run: how old its newest facts are. A closed archive does
-- not age.

select
    'run' as grain,
    runs.as_of as period_start,
    runs.as_of as period_end,
    sources.source,

    case
        when sources.is_loaded and sources.ends_on is null
            then date_diff('microsecond', sources.watermark, runs.as_of) / 3600000000.0
    end as value,
    null::double as numerator,
    null::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    case
        when sources.is_loaded and sources.ends_on is null and sources.watermark is not null
            then 'complete'
        else 'unavailable'
    end as status,
    {{ flags_of({
        'archive': 'sources.ends_on is not null',
        'never_loaded': 'not sources.is_loaded or sources.watermark is null',
        'stale': "sources.ends_on is null and sources.watermark < runs.as_of - to_hours("
            ~ var('parameters')['stale_hours'] ~ ")",
    }) }} as flags
from {{ ref('dim_source') }} as sources
cross join {{ ref('dim_run') }} as runs

-- Data checks passed of those executed, by run, layer and severity. Skipped ones were not executed:
-- the coverage says how many of all were.

with summed as (
    select
        as_of,
        layer,
        severity,
        sum(executed)::bigint as executed,
        sum(passed)::bigint as passed,
        sum(skipped)::bigint as skipped
    from {{ ref('fct_check') }}
    group by as_of, grouping sets ((), (layer), (severity), (layer, severity))
)

select
    'run' as grain,
    as_of as period_start,
    as_of as period_end,
    layer as category,
    case when severity is not null then 'severity' end as attribute,
    severity as attribute_value,

    passed / nullif(executed, 0) as value,
    passed::double as numerator,
    executed::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    executed / nullif(executed + skipped, 0) as coverage,
    case when executed = 0 then 'no_denominator' else 'complete' end as status,
    {{ flags_of({
        'checks_failed': 'passed < executed',
        'checks_skipped': 'skipped > 0',
    }) }} as flags
from summed

-- One row a run, layer and severity: how many checks were executed, passed and skipped.

select
    run_id,
    layer,
    severity,

    executed,
    passed,
    skipped,

    {{ utc('as_of') }} as as_of
from {{ lake('pipeline', 'checks') }}

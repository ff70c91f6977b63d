-- One row: the run that builds the warehouse, and its clock.

select
    run_id,

    {{ utc('as_of') }} as as_of
from {{ lake('pipeline', 'runs') }}

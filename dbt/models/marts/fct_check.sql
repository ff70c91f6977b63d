-- One row an instant, layer and severity: the checks of the run that had this clock. Of the run
-- that builds only what was judged before it built, the landing, is here; of earlier ones
-- everything.

select
    checks.layer,
    checks.severity,

    checks.executed,
    checks.passed,
    checks.skipped,

    checks.as_of
from {{ ref('stg_pipeline__checks') }} as checks
cross join {{ ref('stg_pipeline__runs') }} as runs
where
    checks.as_of < runs.as_of
    or (checks.as_of = runs.as_of and checks.layer = 'landing')

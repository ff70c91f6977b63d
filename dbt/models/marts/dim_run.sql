-- One row: the run that built this warehouse, and short names for what went into it. The inputs'
-- name changes when any stream holds other versions, the identities' name when other accounts are
-- drawn together: a new account that stands alone is nobody else's, and changes nothing.

with inputs as (
    select
        {{ dbt.hash(dbt.listagg(
            "source || '/' || stream || '=' || records || '/' || versions || '@' "
            ~ "|| coalesce(cast(watermark as string), '')",
            "';'", "order by source, stream"
        )) }} as input_snapshot
    from {{ ref('stg_pipeline__streams') }}
),

accounts as (
    select
        source,
        account,
        person_id,
        probable_person_id,
        count(*) over (partition by person_id) as accounts,
        count(*) over (partition by probable_person_id) as probable_accounts
    from {{ ref('int_identity__accounts') }}
),

identities as (
    select
        {{ dbt.hash("coalesce(" ~ dbt.listagg(
            "source || account || person_id || probable_person_id",
            "';'",
            "order by source, account"
        ) ~ ", '')") }} as identity_snapshot
    from accounts
    where accounts > 1 or probable_accounts > 1
)

select
    runs.run_id,

    substr(inputs.input_snapshot, 1, 12) as input_snapshot,
    substr(identities.identity_snapshot, 1, 12) as identity_snapshot,

    runs.as_of
from inputs
cross join identities
cross join {{ ref('stg_pipeline__runs') }} as runs

-- One row a kept day and account: whose it was. The run's own day and the last day of each month
-- before it, in the run's month the newest one: what may be compared.

with days as (
    select distinct snapshots.snapshot_on
    from {{ ref('stg_pipeline__identity_snapshots') }} as snapshots
    cross join {{ ref('stg_pipeline__runs') }} as runs
    where snapshots.snapshot_on < cast(runs.as_of as date)
),

kept as (
    select snapshot_on
    from (
        select
            snapshot_on,
            row_number() over (
                partition by {{ dbt.date_trunc('month', 'snapshot_on') }} order by snapshot_on desc
            ) as place
        from days
    ) as ranked
    where place = 1
)

select
    snapshots.snapshot_on,
    snapshots.account_key,

    snapshots.person_id,
    snapshots.probable_person_id
from {{ ref('stg_pipeline__identity_snapshots') }} as snapshots
inner join kept on snapshots.snapshot_on = kept.snapshot_on

union all

select
    cast(runs.as_of as date) as snapshot_on,
    accounts.account_key,

    accounts.person_id,
    accounts.probable_person_id
from {{ ref('int_identity__accounts') }} as accounts
cross join {{ ref('stg_pipeline__runs') }} as runs
where not accounts.is_bot

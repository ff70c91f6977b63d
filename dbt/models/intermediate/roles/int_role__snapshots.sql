-- One row an account, role and term that our own reads of a system saw, from the read that first
-- showed it to the one that no longer did. When it was there at the very first read, its beginning
-- is not known.

with seen as (
    select 'reps' as source, account, role, is_held, observed_at
    from {{ ref('stg_reps__membership_versions') }}
    union all
    select 'discourse' as source, account, 'moderator' as role, is_held, observed_at
    from {{ ref('stg_discourse__moderator_versions') }}
),

-- Two versions of one read: held when one of them says so.
reads as (
    select
        source,
        account,
        role,
        observed_at,
        max(case when is_held then 1 else 0 end) as is_held
    from seen
    group by source, account, role, observed_at
),

neighbours as (
    select
        source,
        account,
        role,
        is_held,
        observed_at,
        lag(is_held) over (partition by source, account, role order by observed_at) as was_held
    from reads
),

changes as (
    select
        source,
        account,
        role,
        is_held,
        was_held,
        observed_at,
        lead(observed_at) over (partition by source, account, role order by observed_at)
            as changed_at
    from neighbours
    where was_held is null or was_held <> is_held
)

select
    source,
    account,
    role,

    was_held is not null as is_start_known,

    cast(observed_at as date) as valid_from,
    cast(changed_at as date) as valid_to
from changes
where is_held = 1

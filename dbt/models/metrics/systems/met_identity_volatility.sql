-- The share of persons whose accounts are drawn together otherwise than in the identity snapshot
-- before: by month (the last snapshot of it, and of all before), and for the run (its own, and the
-- newest before). Only accounts in both count: a new account of a known person is no change.

with days as (
    select distinct snapshot_on from {{ ref('fct_identity_snapshot') }}
),

compared as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        max(days.snapshot_on) filter (where days.snapshot_on < periods.period_start) as before_on,
        max(days.snapshot_on) filter (where days.snapshot_on >= periods.period_start) as after_on
    from {{ ref('dim_period') }} as periods
    inner join days on days.snapshot_on < periods.period_end
    where periods.grain = 'month'
    group by periods.grain, periods.period_start, periods.period_end
    union all
    select
        'run' as grain,
        runs.as_of as period_start,
        runs.as_of as period_end,
        max(days.snapshot_on) filter (where days.snapshot_on < runs.as_of::date) as before_on,
        runs.as_of::date as after_on
    from {{ ref('dim_run') }} as runs
    cross join days
    group by runs.as_of
),

kept as (
    select
        compared.grain,
        compared.period_start,
        old.person_id as person_before,
        new.person_id as person_after
    from compared
    inner join {{ ref('fct_identity_snapshot') }} as old on compared.before_on = old.snapshot_on
    inner join {{ ref('fct_identity_snapshot') }} as new
        on
            compared.after_on = new.snapshot_on
            and old.account_key = new.account_key
    group by compared.grain, compared.period_start, old.person_id, new.person_id
),

moves as (
    select
        *,
        count(*) over (partition by grain, period_start, person_before) > 1 as is_split,
        count(*) over (partition by grain, period_start, person_after) > 1 as is_merged
    from kept
),

persons as (
    select
        grain,
        period_start,
        person_before,
        bool_or(is_split) as is_split,
        bool_or(is_merged) as is_merged
    from moves
    group by grain, period_start, person_before
),

counted as (
    select
        grain,
        period_start,
        count(*) as persons,
        count(*) filter (where is_split or is_merged) as changed,
        count(*) filter (where is_merged) as merged,
        count(*) filter (where is_split) as split
    from persons
    group by grain, period_start
),

measured as (
    select
        compared.*,
        counted.persons,
        parts.category,
        case parts.category
            when 'merged' then counted.merged
            when 'split' then counted.split
            else counted.changed
        end as changed
    from compared
    left join counted using (grain, period_start)
    cross join (select unnest([null, 'merged', 'split']) as category) as parts
)

select
    grain,
    period_start,
    period_end,
    category,

    changed / nullif(persons, 0) as value,
    changed::double as numerator,
    persons::double as denominator,
    persons,
    case when persons is not null then {{ smaller_group('changed', 'persons') }} end
        as smallest_group,
    case
        when before_on is null or after_on is null then 'unavailable'
        when coalesce(persons, 0) = 0 then 'no_denominator'
        else 'complete'
    end as status,
    {{ flags_of({
        'first_snapshot': 'before_on is null',
        'no_run': 'after_on is null',
        'identity_moved': 'changed / nullif(persons, 0) > '
            ~ var('parameters')['identity_volatility_limit'],
    }) }} as flags
from measured

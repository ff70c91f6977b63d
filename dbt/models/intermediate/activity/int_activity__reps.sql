-- One row a report or an event of the Reps programme, or why it is no contribution (catalogue 0.2).
-- An event makes reports by itself (passive): they are rewritten with it, so the event counts,
-- once. Reports have a day, no time: they stand at its midnight.

select
    'reps:report:' || report_id as activity_id,
    'reps' as source,
    'reps_report' as event_type,
    reporter_account as account,

    cast(null as {{ dbt.type_string() }}) as locale,
    cast(null as {{ dbt.type_string() }}) as product,
    cast(null as {{ dbt.type_string() }}) as project,
    cast(report_id as {{ dbt.type_string() }}) as item,
    case
        when is_passive then 'passive_report'
        when is_passive is null then 'passive_unknown'
    end as set_aside_reason,

    cast(reported_on as {{ dbt.type_timestamp() }}) as occurred_at
from {{ ref('stg_reps__activities') }}

union all

select
    'reps:event:' || event_id as activity_id,
    'reps' as source,
    'reps_event_organized' as event_type,
    owner_account as account,

    cast(null as {{ dbt.type_string() }}) as locale,
    cast(null as {{ dbt.type_string() }}) as product,
    cast(null as {{ dbt.type_string() }}) as project,
    cast(event_id as {{ dbt.type_string() }}) as item,
    cast(null as {{ dbt.type_string() }}) as set_aside_reason,

    starts_at as occurred_at
from {{ ref('stg_reps__events') }}

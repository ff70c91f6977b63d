-- One row an activity of any source, with its final verdict: counted when set_aside_reason is null.
-- The first reason that holds is given: no time, no actor, a machine, the source's own, then
-- outside of what is loaded without gaps: before `loaded_from` or not before the watermark.

with activities as (
    select * from {{ ref('int_activity__bugzilla') }}
    union all
    select * from {{ ref('int_activity__pontoon') }}
    union all
    select * from {{ ref('int_activity__sumo') }}
    union all
    select * from {{ ref('int_activity__reps') }}
    union all
    select * from {{ ref('int_activity__discourse') }}
)

select
    activities.activity_id,
    activities.source,
    activities.event_type,
    activities.account,
    accounts.person_id,

    activities.locale,
    activities.product,
    activities.project,
    activities.item,
    case
        when activities.occurred_at is null then 'no_time'
        when activities.set_aside_reason = 'unassigned' then 'unassigned'
        when accounts.account is null then 'no_actor'
        when accounts.is_bot then 'bot'
        when activities.set_aside_reason is not null then activities.set_aside_reason
        when activities.occurred_at < sources.loaded_from then 'before_loaded_from'
        when activities.occurred_at >= sources.watermark then 'after_watermark'
    end as set_aside_reason,

    activities.occurred_at,
    cast(activities.occurred_at as date) as occurred_on
from activities
inner join {{ ref('stg_pipeline__sources') }} as sources on activities.source = sources.source
left join {{ ref('int_identity__accounts') }} as accounts
    on
        activities.source = accounts.source
        and activities.account = accounts.account

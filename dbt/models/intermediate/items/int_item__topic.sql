-- One row a topic of the forum, with the first regular post by another person. A topic that was
-- closed (the last of its small actions tells when) waits no longer; closed as it was opened, it is
-- an announcement and never waited.

with topics as (
    select * from {{ ref('int_activity__judged') }} where event_type = 'topic_created'
),

replies as (
    select item, account, occurred_at
    from (
        select
            posts.item,
            posts.account,
            posts.occurred_at,
            row_number() over (
                partition by posts.item order by posts.occurred_at asc, posts.activity_id asc
            ) as place
        from {{ ref('int_activity__judged') }} as posts
        inner join topics on posts.item = topics.item
        where
            posts.event_type = 'reply_posted'
            and (posts.set_aside_reason is null or posts.set_aside_reason = 'before_loaded_from')
            and posts.person_id <> topics.person_id
    ) as ranked
    where place = 1
),

closings as (
    select
        cast(topics.topic_id as {{ dbt.type_string() }}) as item,
        max(posts.created_at) as closed_at
    from {{ ref('stg_discourse__topics') }} as topics
    inner join {{ ref('stg_discourse__posts') }} as posts on topics.topic_id = posts.topic_id
    where topics.is_closed and posts.post_type = 3
    group by topics.topic_id
)

select
    topics.activity_id as item_id,
    topics.item,
    topics.account as opener_account,
    replies.account as responder_account,

    cast(listed.category_id as {{ dbt.type_string() }}) as component,
    case
        when topics.set_aside_reason is not null then topics.set_aside_reason
        when
            closings.closed_at < {{ dbt.dateadd(
                'minute', var('parameters')['closed_at_opening_minutes'], 'topics.occurred_at'
            ) }}
            and replies.item is null
            then 'closed_at_opening'
    end as set_aside_reason,

    topics.occurred_at as opened_at,
    replies.occurred_at as responded_at,
    case when replies.item is null then closings.closed_at end as closed_at
from topics
left join {{ ref('stg_discourse__topics') }} as listed
    on topics.item = cast(listed.topic_id as {{ dbt.type_string() }})
left join replies on topics.item = replies.item
left join closings on topics.item = closings.item

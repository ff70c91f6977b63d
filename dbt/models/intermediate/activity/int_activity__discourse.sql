-- One row a post under the programme's tag, or why it is no contribution (catalogue 0.2). The first
-- post of a topic is the topic. A moderator's post, a small action (closed, pinned ...) and a
-- whisper are no regular posts. Hidden and withdrawn posts stay: the act was done.

with logins as (
    select login, account from {{ ref('int_identity__logins') }} where source = 'discourse'
)

select
    'discourse:post:' || posts.post_id as activity_id,
    'discourse' as source,
    case when coalesce(posts.post_number = 1, false) then 'topic_created' else 'reply_posted' end
        as event_type,
    coalesce(posts.author_account, logins.account, posts.author_username) as account,

    cast(null as {{ dbt.type_string() }}) as locale,
    cast(null as {{ dbt.type_string() }}) as product,
    cast(null as {{ dbt.type_string() }}) as project,
    cast(posts.topic_id as {{ dbt.type_string() }}) as item,
    case when coalesce(posts.post_type, 0) <> 1 then 'not_regular' end as set_aside_reason,

    posts.created_at as occurred_at
from {{ ref('stg_discourse__posts') }} as posts
left join logins on posts.author_username = logins.login

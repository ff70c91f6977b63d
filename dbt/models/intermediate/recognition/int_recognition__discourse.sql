-- One row a post that was liked. Discourse shows how often, not by whom or when: it is dated when
-- we first saw it.

with likes as (
    select
        post_id,
        max(likes) as times,
        min(case when likes > 0 then observed_at end) as observed_at
    from {{ ref('stg_discourse__post_reads') }}
    group by post_id
)

select
    posts.source,
    posts.account,
    'like' as kind,
    false as is_formal,
    false as is_dated,
    'community_forum' as area,
    cast(null as {{ dbt.type_string() }}) as badge,
    posts.activity_id as contribution_id,

    likes.times,

    likes.observed_at as recognised_at,
    likes.observed_at as happened_by
from likes
inner join {{ ref('int_activity__judged') }} as posts
    on 'discourse:post:' || likes.post_id = posts.activity_id
where
    posts.set_aside_reason is null
    and likes.observed_at is not null

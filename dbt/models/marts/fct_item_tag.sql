-- One row a topic of the forum and tag that it has now: which of the configured tags it was read
-- for, and what else it is filed under.

with tags as (
    select
        cast(topic_id as {{ dbt.type_string() }}) as item,
        {{ each_of('tags') }} as tag
    from {{ ref('stg_discourse__topics') }}
)

select
    topics.item_id,
    tags.tag
from {{ ref('int_item__topic') }} as topics
inner join tags on topics.item = tags.item

-- One row a saved revision of an article; those of the machine are not listed.

with latest as (
    {{ latest('sumo', 'revisions') }}
)

select
    id as revision_id,
    document,

    creator as creator_username,
    locale,

    {{ utc('created') }} as created_at
from latest

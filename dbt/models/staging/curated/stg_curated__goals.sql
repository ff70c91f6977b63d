-- One row a version of a goal, valid from version_on until the goal's next one. Slice columns are
-- null where the goal is meant for all.

with latest as (
    {{ latest('curated', 'goals') }}
)

select
    goal,

    title,
    topic_area,
    metric,
    grain,
    population,
    area,
    event_type,
    region,
    country,
    locale,
    product,
    project,
    level,
    category,
    baseline,
    target,

    starts_on,
    due_on,
    version_on
from latest

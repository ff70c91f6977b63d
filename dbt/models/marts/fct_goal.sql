-- One row a version of a goal: it is the goal from version_from until before version_until. The
-- first version also stands for the time before it was written down.

with ordered as (
    select
        *,
        cast(row_number() over (partition by goal order by version_on) as bigint)
            as version_number,
        lead(version_on) over (partition by goal order by version_on) as next_on
    from {{ ref('stg_curated__goals') }}
)

select
    goal,
    version_number,

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
    case
        when version_number = 1 then cast('0001-01-01' as date) else version_on
    end as version_from,
    coalesce(next_on, cast('9999-12-31' as date)) as version_until
from ordered

-- One row a source: its life, and what of it is loaded. A closed archive ends with its last day;
-- when it holds facts after that day it is not closed, and a living source has no end.

with last_facts as (
    select source, max(occurred_on) as last_on
    from {{ ref('fct_contribution') }}
    group by source
)

select
    sources.source,

    sources.title,
    sources.grace_hours,
    sources.is_loaded,
    sources.loaded_from > cast(sources.opened_on as {{ dbt.type_timestamp() }}) as has_unknown_past,

    sources.opened_on,
    sources.closed_on,
    case
        when last_facts.last_on is null or last_facts.last_on <= sources.closed_on
            then sources.closed_on
    end as ends_on,
    sources.loaded_from,
    cast(
        {{ dbt.dateadd('day', var('parameters')['left_censoring_days'], 'sources.loaded_from') }}
        as {{ dbt.type_timestamp() }}
    ) as newness_known_from,
    sources.watermark
from {{ ref('stg_pipeline__sources') }} as sources
left join last_facts on sources.source = last_facts.source

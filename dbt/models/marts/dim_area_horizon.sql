-- One row an area (`all`: all together): the instant up to which everything that feeds it is known.
-- A closed archive holds nobody up; sources that were never loaded do not count here
-- (`fct_area_period` flags them).

with areas as (
    select distinct area, source from {{ ref('activity_types') }}
    union all
    select distinct 'all' as area, source from {{ ref('activity_types') }}
)

select
    areas.area,

    coalesce(
        min(case when sources.ends_on is null then sources.watermark end), max(sources.watermark)
    ) as known_until
from areas
inner join {{ ref('dim_source') }} as sources on areas.source = sources.source
where sources.is_loaded and sources.watermark is not null
group by areas.area

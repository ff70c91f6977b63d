-- One row an area (`all`: any) in which a formal recognition can be seen, and since when: some
-- source shows one, or the kept file names one for the area or for no area in particular.
-- `is_whole`: of all areas together, each can be seen.

with areas as (
    select distinct area from {{ ref('activity_types') }}
),

shown as (
    select area, recognised_on from {{ ref('fct_recognition') }} where is_formal
),

known as (
    select
        areas.area,
        min(shown.recognised_on) as known_from
    from areas
    inner join shown on areas.area = shown.area or shown.area is null
    group by areas.area
)

select
    area,

    true as is_whole,

    known_from
from known

union all

select
    'all' as area,

    count(*) = (select count(*) from areas) as is_whole,

    min(known_from) as known_from
from known
having min(known_from) is not null

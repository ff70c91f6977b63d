-- Volunteers active in the 90 days before the end of the quarter for each member of staff who did
-- something for a volunteer in that time. Low: who is unknown is staff; high: is a volunteer; in
-- between only who is known. `areas_without_staff` counts the areas with volunteers and no such
-- staff, whose ratio does not exist. An area that showed no act of one person towards another until
-- then (code, articles, Reps) cannot be measured: nobody knows who supports whom there.

{% set window = var('parameters')['support_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'fct_area_period': read_of_areas(['quarter']),
        'fct_contributor_day': read_of_days(
            ['person_id', 'area', 'affiliation', 'occurred_on'], window
        ),
        'fct_interaction': {
            'rows': "
                select *, occurred_on + interval " ~ window ~ " day as until_on
                from marts.fct_interaction
                union all by name
                select area, min(occurred_on) as occurred_on
                from marts.fct_interaction group by area
            ",
            'columns': [
                'from_person_id', 'area', 'from_affiliation', 'to_affiliation', 'occurred_on',
            ],
            'since': 'occurred_on',
            'until': 'until_on',
        },
        'dim_person': read_of_persons(),
    },
}) }}

with bands as (
    select null as category, ['volunteer'] as volunteers, ['staff', 'vendor'] as staff
    union all
    select 'low' as category, ['volunteer'] as volunteers, ['staff', 'vendor', 'unknown'] as staff
    union all
    select 'high' as category, ['volunteer', 'unknown'] as volunteers, ['staff', 'vendor'] as staff
),

slices as (
    select slices.*, bands.category
    from ({{ area_slices(['quarter'], ['all'], only_due=true) }}) as slices
    cross join bands
),

windows as (
    select distinct
        period_start,
        cast(period_end as date) - {{ window }} as since_on,
        cast(period_end as date) as until_on
    from slices
),

-- Who was there, and who did something for whom, once a window: bands and areas then look at these.
present as (
    select distinct windows.period_start, days.area, days.affiliation, days.person_id
    from windows
    inner join {{ ref('fct_contributor_day') }} as days
        on windows.since_on <= days.occurred_on and windows.until_on > days.occurred_on
),

active as (
    select
        present.period_start,
        present.area,
        bands.category,
        count(distinct present.person_id) as volunteers,
        count(distinct persons.probable_person_id) as probable_volunteers
    from present
    inner join bands on list_contains(bands.volunteers, present.affiliation)
    inner join {{ ref('dim_person') }} as persons on present.person_id = persons.person_id
    group by present.period_start, present.area, bands.category
),

helping as (
    select distinct
        windows.period_start,
        unnest([acts.area, 'all']) as area,
        acts.from_affiliation,
        acts.to_affiliation,
        acts.from_person_id
    from windows
    inner join {{ ref('fct_interaction') }} as acts
        on windows.since_on <= acts.occurred_on and windows.until_on > acts.occurred_on
),

shown as (
    select
        coalesce(area, 'all') as area,
        min(occurred_on) as shown_from
    from {{ ref('fct_interaction') }}
    group by grouping sets ((), (area))
),

supporting as (
    select
        helping.period_start,
        helping.area,
        bands.category,
        count(distinct helping.from_person_id) as staff,
        count(distinct persons.probable_person_id) as probable_staff
    from helping
    inner join bands
        on
            list_contains(bands.staff, helping.from_affiliation)
            and list_contains(bands.volunteers, helping.to_affiliation)
    inner join {{ ref('dim_person') }} as persons on helping.from_person_id = persons.person_id
    group by helping.period_start, helping.area, bands.category
),

measured as (
    select
        slices.grain,
        slices.period_start,
        slices.period_end,
        slices.area,
        slices.category,
        case when shown.area is null then 'unavailable' else slices.status end as status,
        slices.is_source_missing,
        shown.area is null as is_never_shown,
        slices.status <> 'unavailable' and shown.area is not null as is_measured,
        coalesce(active.volunteers, 0) as volunteers,
        coalesce(supporting.staff, 0) as staff,
        active.probable_volunteers,
        supporting.probable_staff
    from slices
    left join shown
        on slices.area = shown.area and shown.shown_from < cast(slices.period_end as date)
    left join active
        on
            slices.period_start = active.period_start
            and slices.area = active.area
            and slices.category is not distinct from active.category
    left join supporting
        on
            slices.period_start = supporting.period_start
            and slices.area = supporting.area
            and slices.category is not distinct from supporting.category
),

without_staff as (
    select
        grain,
        period_start,
        period_end,
        count_if(area <> 'all' and is_measured and volunteers > 0 and staff = 0) as areas,
        count_if(area <> 'all' and is_measured and volunteers > 0) as areas_with_volunteers,
        max(volunteers) filter (where area = 'all') as volunteers,
        min(status) filter (where area = 'all') as status,
        bool_or(is_source_missing) filter (where area = 'all') as is_source_missing
    from measured
    where category is null
    group by grain, period_start, period_end
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    category,

    case when is_measured then volunteers / nullif(staff, 0) end as value,
    case when is_measured then probable_volunteers / probable_staff end as value_with_probable,
    cast(case when is_measured then volunteers end as double) as numerator,
    cast(case when is_measured then staff end as double) as denominator,
    case when is_measured then volunteers end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('volunteers', 'staff'),
                smaller_group('probable_volunteers', 'probable_staff')
            ) }}
    end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when staff = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'interactions_not_shown': 'is_never_shown',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

union all

select
    grain,
    period_start,
    period_end,
    null as area,
    'areas_without_staff' as category,

    cast(case when status <> 'unavailable' then areas end as double) as value,
    cast(null as double) as value_with_probable,
    cast(case when status <> 'unavailable' then areas end as double) as numerator,
    cast(case when status <> 'unavailable' then areas_with_volunteers end as double)
        as denominator,
    case when status <> 'unavailable' then volunteers end as persons,
    case when status <> 'unavailable' then volunteers end as smallest_group,
    status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from without_staff

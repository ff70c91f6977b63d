-- Contributions of a month, by area and event type: rows of the contribution fact (CHAOSS "Types of
-- Contributions"). Types are not comparable, so there is no sum over areas. A type is as complete
-- as its own source; one whose stream was never read is unavailable.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_source_period': read_of_sources(['month']),
        'fct_contribution': {
            'columns': ['person_id', 'occurred_on', 'area', 'event_type', 'affiliation'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_month('occurred_on'),
        },
    },
}) }}

with kinds as (
    select area, event_type, source, is_read from {{ ref('dim_activity_type') }}
    union all
    select distinct area, null::varchar as event_type, null::varchar as source, true as is_read
    from {{ ref('dim_activity_type') }}
),

slices as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        kinds.area,
        kinds.event_type,
        populations.population,
        case
            when kinds.event_type is null then periods.status
            when not kinds.is_read then 'unavailable'
            when coalesce(own.state, 'missing') in ('missing', 'not_begun') then 'unavailable'
            else own.state
        end as status
    from {{ ref('fct_area_period') }} as periods
    inner join kinds on periods.area = kinds.area
    left join {{ ref('fct_source_period') }} as own
        on
            periods.grain = own.grain
            and periods.period_start = own.period_start
            and kinds.source = own.source
    cross join (select distinct population from {{ ref('dim_population') }}) as populations
    where periods.grain = 'month' and {{ due('periods.period_end') }}
),

counted as (
    select
        date_trunc('month', facts.occurred_on) as period_start,
        facts.area,
        facts.event_type,
        populations.population,
        count(*) as contributions,
        count(distinct facts.person_id) as persons,
        count(distinct facts.person_id) filter (where facts.affiliation = 'unknown')
            as unknown_persons
    from {{ ref('fct_contribution') }} as facts
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due(end_of_month('facts.occurred_on')) }}
    group by grouping sets (
        (period_start, facts.area, facts.event_type, populations.population),
        (period_start, facts.area, populations.population)
    )
),

breaks as (
    select
        slices.period_start,
        slices.area,
        slices.event_type,
        slices.population,
        string_agg(distinct breaks.flag, ', ' order by breaks.flag) as flags
    from slices
    inner join {{ ref('dim_activity_type') }} as types
        on
            slices.area = types.area
            and coalesce(slices.event_type, types.event_type) = types.event_type
    inner join {{ ref('fct_series_break') }} as breaks
        on
            types.source = breaks.source
            and coalesce(breaks.event_type, types.event_type) = types.event_type
            and breaks.metric is null
            and slices.period_start < breaks.until_on
            and slices.period_end > breaks.from_on
            and breaks.flag is not null
    group by slices.period_start, slices.area, slices.event_type, slices.population
)

select
    slices.grain,
    slices.period_start,
    slices.period_end,
    slices.area,
    slices.event_type,
    slices.population,

    case when slices.status <> 'unavailable' then coalesce(counted.contributions, 0) end::double
        as value,
    null::double as numerator,
    null::double as denominator,
    case when slices.status <> 'unavailable' then coalesce(counted.persons, 0) end as persons,
    case when slices.status <> 'unavailable' then coalesce(counted.persons, 0) end
        as smallest_group,
    case
        when slices.status <> 'unavailable' and slices.population = 'community'
            then counted.unknown_persons / nullif(counted.persons, 0)
    end as unknown_affiliation_share,
    slices.status,
    breaks.flags
from slices
left join counted
    on
        slices.period_start = counted.period_start
        and slices.area = counted.area
        and slices.event_type is not distinct from counted.event_type
        and slices.population = counted.population
left join breaks
    on
        slices.period_start = breaks.period_start
        and slices.area = breaks.area
        and slices.event_type is not distinct from breaks.event_type
        and slices.population = breaks.population

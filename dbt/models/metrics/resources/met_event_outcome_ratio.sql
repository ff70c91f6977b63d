-- What events reached, by what they were to reach: sums over the numbers of which both were told,
-- for events that ended in the quarter. The coverage is the share of these events of which any
-- outcome was told. The numbers are those of the organisers.

with quarters as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.state,
        known.is_known
    from {{ ref('fct_source_period') }} as periods
    inner join {{ ref('dim_source') }} as sources using (source)
    cross join (
        select count(reached) > 0 as is_known from {{ ref('fct_event_outcome') }}
    ) as known
    where
        periods.source = 'reps'
        and periods.grain = 'quarter'
        and periods.state <> 'not_begun'
        and periods.period_end + interval {{ var('parameters')['outcome_days'] }} day
        <= sources.watermark
),

told as (
    select
        event_id,
        count(reached) > 0 as has_outcome,
        sum(reached) filter (where reached is not null and expected > 0) as reached,
        sum(expected) filter (where reached is not null and expected > 0) as expected,
        count(*) filter (where reached is not null and expected = 0) as without_expectation
    from {{ ref('fct_event_outcome') }}
    group by event_id
),

events as (
    select
        events.event_id,
        events.owner_id,
        events.country,
        categories.category,
        date_trunc('quarter', coalesce(events.ends_at, events.starts_at)) as period_start
    from {{ ref('fct_event') }} as events
    left join {{ ref('fct_event_category') }} as categories using (event_id)
),

-- An event of two categories is one event in all of them together.
slices as (
    select distinct period_start, null as country, null as category, event_id, owner_id from events
    union all
    select distinct period_start, country, null as category, event_id, owner_id
    from events
    where country is not null
    union all
    select distinct period_start, null as country, category, event_id, owner_id
    from events
    where category is not null
),

counted as (
    select
        slices.period_start,
        slices.country,
        slices.category,
        count(*) as events,
        count(*) filter (where told.has_outcome) as told_events,
        sum(told.reached) as reached,
        sum(told.expected) as expected,
        coalesce(sum(told.without_expectation), 0) as without_expectation,
        count(distinct slices.owner_id) as persons,
        count(distinct slices.owner_id) filter (where told.expected > 0) as told_persons
    from slices
    left join told using (event_id)
    group by slices.period_start, slices.country, slices.category
),

splits as (
    select period_start, null as country, null as category from quarters
    union
    select period_start, country, category from counted
),

measured as (
    select
        quarters.*,
        splits.country,
        splits.category,
        quarters.state <> 'missing' and quarters.is_known as is_measured,
        coalesce(counted.events, 0) as events,
        coalesce(counted.told_events, 0) as told_events,
        counted.reached,
        counted.expected,
        coalesce(counted.without_expectation, 0) as without_expectation,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.told_persons, 0) as told_persons
    from quarters
    inner join splits using (period_start)
    left join counted
        on
            splits.period_start = counted.period_start
            and splits.country is not distinct from counted.country
            and splits.category is not distinct from counted.category
    where quarters.is_known or (splits.country is null and splits.category is null)
)

select
    grain,
    period_start,
    period_end,
    country,
    category,

    case when is_measured then reached / expected end as value,
    case when is_measured then reached end::double as numerator,
    case when is_measured then expected end::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then {{ smaller_group('told_persons', 'persons') }} end as smallest_group,
    case when is_measured then told_events / nullif(events, 0) end as coverage,
    case
        when not is_measured then 'unavailable'
        when expected is null then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'nothing_expected': 'is_measured and without_expectation > 0',
        'outcomes_unknown': 'not is_known',
        'self_declared': 'is_measured and reached is not null',
        'source_missing': "state = 'missing'",
    }) }} as flags
from measured

-- How much more (above 1) or less people of different known regions deal with each other than if
-- each took partners at random: the observed share of such interactions in a quarter, divided by
-- the share expected from what each region gives and receives (assortativity, as a ratio).

with periods as (
    select *
    from ({{ area_slices(['quarter'], ['all']) }}) as slices
    where area = 'all'
),

acts as (
    select
        periods.period_start,
        acts.from_person_id,
        acts.to_person_id,
        givers.region as from_region,
        takers.region as to_region,
        coalesce(givers.is_backfilled or takers.is_backfilled, false) as is_backfilled
    from periods
    inner join {{ ref('fct_interaction') }} as acts
        on periods.period_start = date_trunc('quarter', acts.occurred_at)
    left join {{ ref('dim_person_country') }} as givers
        on
            acts.from_person_id = givers.person_id
            and givers.seen_from < cast(periods.period_end as date)
            and givers.seen_until >= cast(periods.period_end as date)
    left join {{ ref('dim_person_country') }} as takers
        on
            acts.to_person_id = takers.person_id
            and takers.seen_from < cast(periods.period_end as date)
            and takers.seen_until >= cast(periods.period_end as date)
),

known as (
    select * from acts where from_region is not null and to_region is not null
),

given as (
    select period_start, from_region as region, count(*) as acts_given
    from known
    group by period_start, from_region
),

received as (
    select period_start, to_region as region, count(*) as acts_received
    from known
    group by period_start, to_region
),

within as (
    select period_start, sum(acts_given * acts_received) as products
    from given
    inner join received using (period_start, region)
    group by period_start
),

totals as (
    select
        period_start,
        count(*) as interactions,
        count(*) filter (where from_region is not null and to_region is not null)
            as known_interactions,
        count(*) filter (where from_region <> to_region) as crossing,
        coalesce(
            bool_or(is_backfilled) filter (where from_region is not null and to_region is not null),
            false
        ) as is_backfilled
    from acts
    group by period_start
),

persons as (
    select
        period_start,
        count(distinct person_id) as persons,
        count(distinct person_id) filter (where is_crossing) as crossing_persons
    from (
        select period_start, from_person_id as person_id, from_region <> to_region as is_crossing
        from known
        union all
        select period_start, to_person_id as person_id, from_region <> to_region as is_crossing
        from known
    ) as ends
    group by period_start
),

measured as (
    select
        periods.*,
        periods.status <> 'unavailable' as is_measured,
        coalesce(totals.interactions, 0) as interactions,
        coalesce(totals.known_interactions, 0) as known_interactions,
        totals.crossing / nullif(totals.known_interactions, 0) as observed_share,
        1
        - coalesce(within.products, 0) / nullif(totals.known_interactions, 0)
        ^ 2 as expected_share,
        coalesce(persons.persons, 0) as persons,
        coalesce(persons.crossing_persons, 0) as crossing_persons,
        totals.is_backfilled
    from periods
    left join totals using (period_start)
    left join within using (period_start)
    left join persons using (period_start)
),

judged as (
    select
        *,
        known_interactions >= {{ var('parameters')['region_interactions_needed'] }} as is_enough
    from measured
)

select
    grain,
    period_start,
    period_end,

    case when is_measured and is_enough then observed_share / nullif(expected_share, 0) end
        as value,
    case when is_measured then observed_share end as numerator,
    case when is_measured then expected_share end as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured then {{ smaller_group('crossing_persons', 'persons') }}
    end as smallest_group,
    case when is_measured then known_interactions / nullif(interactions, 0) end as coverage,
    case
        when not is_measured then 'unavailable'
        when interactions = 0 then 'no_denominator'
        when not is_enough then 'insufficient'
        when expected_share = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags({
        'low_coverage': 'known_interactions / nullif(interactions, 0) < '
        ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

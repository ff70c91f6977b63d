-- How much more (above 1) or less people of different known regions deal with each other than if
-- each took partners at random: the observed share of such interactions in a quarter, divided by
-- the share expected from what each region gives and receives (assortativity, as a ratio).

{% set of_interactions -%}
    select
        members.identity_level,
        members.member_id,
        members.person_id,
        acts.quarter_start
    from marts.dim_identity as members
    inner join (
        select from_person_id as member_id, date_trunc('quarter', occurred_on) as quarter_start
        from marts.fct_interaction
        union
        select to_person_id as member_id, date_trunc('quarter', occurred_on) as quarter_start
        from marts.fct_interaction
    ) as acts using (member_id)
{%- endset %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'fct_area_period': read_of_areas(['quarter']),
        'fct_interaction': {
            'columns': ['from_person_id', 'to_person_id', 'occurred_at'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_quarter('occurred_on'),
        },
        'dim_identity': {
            'rows': of_interactions,
            'since': 'quarter_start',
            'until': 'quarter_start + interval 3 month',
        },
        'dim_identity_country': {
            'rows': "
                select countries.*, persons.quarter_start
                from marts.dim_identity_country as countries
                inner join (
                    select identity_level, person_id, min(quarter_start) as quarter_start
                    from (" ~ of_interactions ~ ")
                    group by identity_level, person_id
                ) as persons using (identity_level, person_id)
            ",
            'columns': ['identity_level', 'person_id', 'region', 'is_backfilled'],
            'since': 'greatest(seen_from, quarter_start)',
            'until': 'seen_until',
        },
    },
}) }}

with periods as (
    select *
    from ({{ area_slices(['quarter'], ['all'], only_due=true) }}) as slices
    where area = 'all'
),

acts as (
    select
        from_whom.identity_level,
        periods.period_start,
        from_whom.person_id as from_person_id,
        to_whom.person_id as to_person_id,
        givers.region as from_region,
        takers.region as to_region,
        coalesce(givers.is_backfilled or takers.is_backfilled, false) as is_backfilled
    from periods
    inner join {{ ref('fct_interaction') }} as acts
        on periods.period_start = date_trunc('quarter', acts.occurred_at)
    inner join {{ ref('dim_identity') }} as from_whom on acts.from_person_id = from_whom.member_id
    inner join {{ ref('dim_identity') }} as to_whom
        on
            acts.to_person_id = to_whom.member_id
            and from_whom.identity_level = to_whom.identity_level
    left join {{ ref('dim_identity_country') }} as givers
        on
            from_whom.identity_level = givers.identity_level
            and from_whom.person_id = givers.person_id
            and givers.seen_from < cast(periods.period_end as date)
            and givers.seen_until >= cast(periods.period_end as date)
    left join {{ ref('dim_identity_country') }} as takers
        on
            to_whom.identity_level = takers.identity_level
            and to_whom.person_id = takers.person_id
            and takers.seen_from < cast(periods.period_end as date)
            and takers.seen_until >= cast(periods.period_end as date)
    where from_whom.person_id <> to_whom.person_id
),

known as (
    select * from acts where from_region is not null and to_region is not null
),

given as (
    select identity_level, period_start, from_region as region, count(*) as acts_given
    from known
    group by identity_level, period_start, from_region
),

received as (
    select identity_level, period_start, to_region as region, count(*) as acts_received
    from known
    group by identity_level, period_start, to_region
),

within as (
    select identity_level, period_start, sum(acts_given * acts_received) as products
    from given
    inner join received using (identity_level, period_start, region)
    group by identity_level, period_start
),

totals as (
    select
        identity_level,
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
    group by identity_level, period_start
),

persons as (
    select
        identity_level,
        period_start,
        count(distinct person_id) as persons,
        count(distinct person_id) filter (where is_crossing) as crossing_persons
    from (
        select
            identity_level,
            period_start,
            from_person_id as person_id,
            from_region <> to_region as is_crossing
        from known
        union all
        select
            identity_level,
            period_start,
            to_person_id as person_id,
            from_region <> to_region as is_crossing
        from known
    ) as ends
    group by identity_level, period_start
),

measured as (
    select
        levels.identity_level,
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
    cross join {{ identity_levels() }} as levels
    left join totals using (identity_level, period_start)
    left join within using (identity_level, period_start)
    left join persons using (identity_level, period_start)
),

judged as (
    select
        *,
        known_interactions >= {{ var('parameters')['region_interactions_needed'] }} as is_enough,
        case
            when
                is_measured
                and known_interactions >= {{ var('parameters')['region_interactions_needed'] }}
                then observed_share / nullif(expected_share, 0)
        end as index_value,
        {{ smaller_group('crossing_persons', 'persons') }} as smallest
    from measured
),

told as (
    select
        confirmed.*,
        probable.index_value as probable_value,
        probable.smallest as probable_smallest
    from judged as confirmed
    inner join judged as probable using (grain, period_start)
    where confirmed.identity_level = 'confirmed' and probable.identity_level = 'probable'
)

select
    grain,
    period_start,
    period_end,

    index_value as value,
    case when index_value is not null then probable_value end as value_with_probable,
    case when is_measured then observed_share end as numerator,
    case when is_measured then expected_share end as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured then {{ smaller_group('smallest', 'probable_smallest') }}
    end as smallest_group,
    case when is_measured then known_interactions / nullif(interactions, 0) end as coverage,
    case
        when not is_measured then 'unavailable'
        when interactions = 0 then 'no_denominator'
        when not is_enough then 'insufficient'
        when expected_share = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'low_coverage': 'known_interactions / nullif(interactions, 0) < '
        ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from told

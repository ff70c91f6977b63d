-- One row a person of the community and end of a month D with a contribution in the 365 days
-- before: how near to the strategy's persona, 0 to 100. For the community team's own eyes; it
-- never leaves the warehouse. R: active months of 12; I: active days against twice a week; B:
-- areas beyond the first, of two; S: persons worked with, against 15. Where the person's areas
-- show no interactions S is not known, and the rest is scaled to 100.

{% set year = var('parameters')['contributor_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_identity_year': {
            'rows': "
                select * from marts.fct_identity_year
                where identity_level = 'confirmed' and population = 'community'
            ",
            'columns': [
                'identity_level', 'population', 'person_id', 'main_area', 'active_months',
                'active_days', 'areas',
            ],
            'by': ['period_end'],
            'since': 'period_end - interval 1 day',
            'until': 'period_end',
        },
        'fct_interaction': {
            'columns': ['from_person_id', 'to_person_id', 'area', 'occurred_on'],
            'since': 'occurred_on',
        },
        'fct_contributor_month': {
            'columns': ['person_id', 'area', 'last_active_on'],
            'since': 'last_active_on',
            'until': "last_active_on + interval " ~ year ~ " day",
        },
    },
}) }}

with years as (
    select
        person_id,
        period_end,
        main_area,
        active_months,
        active_days,
        areas
    from {{ ref('fct_identity_year') }}
    where identity_level = 'confirmed' and population = 'community' and {{ due('period_end') }}
),

contacts as (
    select
        from_person_id as person_id,
        to_person_id as peer_id,
        area,
        occurred_on
    from {{ ref('fct_interaction') }}
    union all
    select
        to_person_id as person_id,
        from_person_id as peer_id,
        area,
        occurred_on
    from {{ ref('fct_interaction') }}
),

months as (
    select
        person_id,
        peer_id,
        {{ dbt.date_trunc('month', 'occurred_on') }} as month_start,
        max(occurred_on) as last_on
    from contacts
    where {{ due('occurred_on', year + 1) }}
    group by person_id, peer_id, {{ dbt.date_trunc('month', 'occurred_on') }}
),

peers as (
    select
        years.person_id,
        years.period_end,
        count(distinct months.peer_id) as peers
    from years
    inner join months
        on
            years.person_id = months.person_id
            and months.last_on
            >= cast({{ dbt.dateadd('day', -year, 'years.period_end') }} as date)
            and months.last_on < cast(years.period_end as date)
    group by years.person_id, years.period_end
),

shown as (
    select
        area,
        min(occurred_on) as shown_from
    from {{ ref('fct_interaction') }}
    group by area
),

showing as (
    select
        years.person_id,
        years.period_end,
        max(case when shown.area is not null then 1 else 0 end) as has_interactions
    from years
    inner join {{ ref('fct_contributor_month') }} as active
        on
            years.person_id = active.person_id
            and active.last_active_on
            >= cast({{ dbt.dateadd('day', -year, 'years.period_end') }} as date)
            and active.last_active_on < cast(years.period_end as date)
            and active.area <> 'all'
    left join shown
        on active.area = shown.area and shown.shown_from < cast(years.period_end as date)
    group by years.person_id, years.period_end
),

terms as (
    select
        years.person_id,
        years.period_end,
        years.active_months / 12e0 as regularity,
        least(1.0, ln(1 + years.active_days) / ln(1 + 104)) as intensity,
        least(1.0, (years.areas - 1) / 2e0) as breadth,
        least(1.0, ln(1 + coalesce(peers.peers, 0)) / ln(1 + 15)) as sociality,
        showing.has_interactions = 1 as are_peers_known
    from years
    inner join showing
        on
            years.person_id = showing.person_id
            and years.period_end = showing.period_end
    left join peers
        on
            years.person_id = peers.person_id
            and years.period_end = peers.period_end
)

select
    person_id,
    period_end,

    are_peers_known,
    cast(regularity as double) as regularity,
    cast(intensity as double) as intensity,
    cast(breadth as double) as breadth,
    cast(case when are_peers_known then sociality end as double) as sociality,
    cast(
        case
            when are_peers_known
                then 100 * (
                    0.35 * regularity + 0.25 * intensity + 0.25 * breadth + 0.15 * sociality
                )
            else 100 * (0.35 * regularity + 0.25 * intensity + 0.25 * breadth) / 0.85e0
        end as double
    ) as mdm_score
from terms

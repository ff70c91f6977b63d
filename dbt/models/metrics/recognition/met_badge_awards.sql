-- Badges granted in the month, by system and badge. Pontoon's are counted again from the
-- contributions, and dated at the one that reaches the threshold. What Discourse and SUMO grant is
-- known from the kept file alone, and from the first badge on that it names.

with systems as (
    select
        awarding.source,
        case
            when awarding.source <> 'pontoon' then coalesce(min(badges.recognised_at), 'infinity')
        end as known_from
    from (
        select unnest(['pontoon', 'discourse', 'sumo']) as source
        union
        select source from {{ ref('fct_recognition') }} where kind = 'badge'
    ) as awarding
    left join {{ ref('fct_recognition') }} as badges
        on awarding.source = badges.source and badges.kind = 'badge'
    group by awarding.source
),

periods as (
    select
        states.grain,
        states.period_start,
        states.period_end,
        states.source,
        states.state,
        coalesce(systems.known_from < states.period_end, true) as is_known,
        states.state <> 'missing' and coalesce(systems.known_from < states.period_end, true)
            as is_measured
    from {{ ref('fct_source_period') }} as states
    inner join systems using (source)
    where states.grain = 'month' and states.state <> 'not_begun'
),

counted as (
    select
        date_trunc('month', recognised_at) as period_start,
        source,
        badge,
        count(*) as badges,
        count(distinct person_id) as persons
    from {{ ref('fct_recognition') }}
    where kind = 'badge'
    group by date_trunc('month', recognised_at), source, grouping sets ((), (badge))
),

splits as (
    select source, null as badge from systems
    union
    select source, badge from counted
),

measured as (
    select
        periods.*,
        splits.badge,
        coalesce(counted.badges, 0) as badges,
        coalesce(counted.persons, 0) as persons
    from periods
    inner join splits using (source)
    left join counted
        on
            periods.period_start = counted.period_start
            and periods.source = counted.source
            and splits.badge is not distinct from counted.badge
    where periods.is_measured or splits.badge is null
)

select
    grain,
    period_start,
    period_end,
    source,
    badge as category,

    case when is_measured then badges end::double as value,
    null::double as numerator,
    null::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then persons end as smallest_group,
    case when is_measured then state else 'unavailable' end as status,
    {{ flags_of({
        'badges_unknown': 'not is_known',
        'source_missing': "state = 'missing'",
    }) }} as flags
from measured

-- Contributions of the month that somebody thanked for within 30 days, of all that one can thank
-- for: suggested translations, answers, posts. Votes and likes have no date, so that only what we
-- read while it was younger can be judged. A solution has no date either: answers that were the
-- solution after 185 days are told apart (`solution_185d`). Links between accounts make no act more
-- or less: only how long its author has been here depends on them.

{% set days = var('parameters')['acknowledged_days'] %}
{% set solution_days = var('parameters')['solution_judged_days'] %}
with feeding as (
    select
        feeding.area,
        feeding.source,
        sources.watermark
    from (
        values ('localization', 'pontoon'), ('support', 'sumo'), ('community_forum', 'discourse')
    ) as feeding (area, source)
    inner join {{ ref('dim_source') }} as sources using (source)
),

periods as (
    select
        states.grain,
        states.period_start,
        states.period_end,
        feeding.area,
        feeding.watermark,
        states.state
    from {{ ref('fct_source_period') }} as states
    inner join feeding using (source)
    where states.grain = 'month' and states.state <> 'not_begun'
),

areas as (
    select *, false as is_source_missing from periods
    union all
    select
        grain,
        period_start,
        period_end,
        'all' as area,
        min(watermark) filter (where state <> 'missing') as watermark,
        case
            when bool_and(state = 'missing') then 'missing'
            when bool_and(state = 'complete') then 'complete'
            else 'provisional'
        end as state,
        bool_or(state = 'missing') and not bool_and(state = 'missing') as is_source_missing
    from periods
    group by grain, period_start, period_end
),

slices as (
    select
        areas.*,
        kinds.category,
        populations.population
    from areas
    cross join (
        values (null, {{ days }}), ('solution_{{ solution_days }}d', {{ solution_days }})
    ) as kinds (category, days)
    cross join (select unnest(['all', 'community']) as population) as populations
    where
        (areas.state = 'missing' or areas.period_end + to_days(kinds.days) <= areas.watermark)
        and (kinds.category is null or areas.area = 'support')
),

acts as (
    select
        identities.identity_level,
        identities.person_id,
        acts.area,
        acts.affiliation,
        populations.population,
        date_trunc('month', acts.occurred_at) as period_start,
        levels.tenure,
        acts.unwatched_days < {{ days }} as is_watched,
        coalesce(acts.thanked_days < {{ days }}, false) as is_thanked,
        coalesce(acts.solved_days < {{ solution_days }}, false) as is_solution
    from {{ ref('fct_acknowledgeable') }} as acts
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join {{ ref('dim_identity') }} as identities on acts.person_id = identities.member_id
    left join {{ ref('fct_identity_level') }} as levels
        on
            identities.identity_level = levels.identity_level
            and identities.person_id = levels.person_id
            and levels.area = 'all'
            and levels.period_end = date_trunc('month', acts.occurred_at) + interval 1 month
),

judged as (
    select
        identity_level,
        person_id,
        area,
        affiliation,
        population,
        period_start,
        tenure,
        null as category,
        is_watched,
        is_thanked as is_found
    from acts
    union all
    select
        identity_level,
        person_id,
        area,
        affiliation,
        population,
        period_start,
        tenure,
        'solution_{{ solution_days }}d' as category,
        true as is_watched,
        is_solution as is_found
    from acts
    where area = 'support'
),

counted as (
    select
        identity_level,
        category,
        period_start,
        case when grouping(area) = 0 then area else 'all' end as area,
        population,
        case when grouping(tenure) = 0 then tenure end as tenure,
        count_if(is_watched) as acts,
        count_if(is_watched and is_found) as found,
        count_if(not is_watched) as unwatched,
        count(distinct person_id) filter (where is_watched) as persons,
        count(distinct person_id) filter (where is_watched and is_found) as thanked_persons,
        count(distinct person_id) filter (where is_watched and affiliation = 'unknown')
            as unknown_persons
    from judged
    group by
        identity_level,
        category,
        period_start,
        population,
        grouping sets ((), (area), (tenure), (area, tenure))
    having grouping(tenure) = 1 or tenure is not null
),

splits as (
    select area, category, null as tenure from slices
    union
    select area, category, tenure from counted
    where identity_level = 'confirmed'
),

breaks as (
    {{ broken_periods('acknowledgement_rate_30d', 'pontoon', 'month') }}
),

measured as (
    select
        slices.*,
        case when slices.area in ('all', 'localization') then breaks.break_flags end as break_flags,
        splits.tenure,
        coalesce(counted.acts, 0) as acts,
        coalesce(counted.found, 0) as found,
        coalesce(counted.unwatched, 0) as unwatched,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.thanked_persons, 0) as thanked_persons,
        counted.unknown_persons,
        probable.acts as probable_acts,
        probable.found as probable_found,
        probable.persons as probable_persons,
        probable.thanked_persons as probable_thanked_persons,
        slices.state <> 'missing'
        and (coalesce(counted.acts, 0) > 0 or coalesce(counted.unwatched, 0) = 0) as is_measured
    from slices
    inner join splits
        on
            slices.area = splits.area
            and slices.category is not distinct from splits.category
    left join counted
        on
            counted.identity_level = 'confirmed'
            and slices.period_start = counted.period_start
            and slices.area = counted.area
            and slices.population = counted.population
            and slices.category is not distinct from counted.category
            and splits.tenure is not distinct from counted.tenure
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and slices.period_start = probable.period_start
            and slices.area = probable.area
            and slices.population = probable.population
            and slices.category is not distinct from probable.category
            and splits.tenure = probable.tenure
    left join breaks on slices.period_start = breaks.period_start
    where slices.state <> 'missing' or splits.tenure is null
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    tenure,
    category,
    population,

    case when is_measured then found / nullif(acts, 0) end as value,
    case when is_measured then wilson_low(found, acts) end as ci_low,
    case when is_measured then wilson_high(found, acts) end as ci_high,
    case when is_measured and acts > 0 then probable_found / nullif(probable_acts, 0) end
        as value_with_probable,
    case when is_measured then found end::double as numerator,
    case when is_measured then acts end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('thanked_persons', 'persons'),
                smaller_group('probable_thanked_persons', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when acts = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'read_too_late': 'unwatched > 0',
        'source_missing': "is_source_missing or state = 'missing'",
    }, 'break_flags') }} as flags
from measured

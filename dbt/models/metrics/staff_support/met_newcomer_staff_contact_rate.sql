-- The share of the quarter's newcomers towards whom staff did something within 30 days of their
-- first contribution; beside it the same of volunteers. Low: nobody of unknown affiliation belongs
-- to the group; high: everybody does. Told once the whole quarter has had that time.

{% set days = var('parameters')['newcomer_contact_days'] %}
with groups as (
    select 'staff_low' as category, ['staff', 'vendor'] as givers
    union all
    select 'staff_high' as category, ['staff', 'vendor', 'unknown'] as givers
    union all
    select 'volunteer_low' as category, ['volunteer'] as givers
    union all
    select 'volunteer_high' as category, ['volunteer', 'unknown'] as givers
),

slices as (
    select slices.*, groups.*
    from ({{ cohort_slices(['quarter'], ['community']) }}) as slices
    cross join groups
    where
        slices.area <> 'mobilizing'
        and (
            slices.status = 'unavailable'
            or slices.period_end + to_days({{ days }}) <= (
                select min(watermark)
                from {{ ref('dim_source') }}
                where source in ('bugzilla', 'pontoon', 'sumo', 'discourse') and is_loaded
            )
        )
),

-- With probable links followed too, only the earliest of a person's accounts began, and what
-- others did towards any of them counts.
newcomers as (
    select
        identities.identity_level,
        identities.person_id,
        firsts.area,
        firsts.affiliation,
        firsts.occurred_on,
        date_trunc('quarter', firsts.occurred_at) as period_start,
        coalesce(countries.region, 'unknown') as region
    from {{ ref('fct_first_contribution') }} as firsts
    inner join {{ ref('dim_population') }} as populations
        on firsts.affiliation = populations.affiliation and populations.population = 'community'
    inner join {{ ref('dim_identity') }} as identities on firsts.person_id = identities.member_id
    left join {{ ref('dim_identity_country') }} as countries
        on
            identities.identity_level = countries.identity_level
            and identities.person_id = countries.person_id
            and countries.seen_from
            < cast(date_trunc('quarter', firsts.occurred_at) + interval 3 month as date)
            and countries.seen_until
            >= cast(date_trunc('quarter', firsts.occurred_at) + interval 3 month as date)
    where
        firsts.area <> 'mobilizing'
        and (identities.identity_level = 'confirmed' or firsts.is_first_with_probable)
),

met as (
    select
        newcomers.identity_level,
        newcomers.person_id,
        list(distinct acts.from_affiliation) as contacts
    from newcomers
    inner join {{ ref('dim_identity') }} as receivers
        on
            newcomers.identity_level = receivers.identity_level
            and newcomers.person_id = receivers.person_id
    inner join {{ ref('fct_interaction') }} as acts
        on
            receivers.member_id = acts.to_person_id
            and newcomers.occurred_on <= acts.occurred_on
            and newcomers.occurred_on + {{ days }} > acts.occurred_on
    inner join {{ ref('dim_identity') }} as givers
        on
            newcomers.identity_level = givers.identity_level
            and acts.from_person_id = givers.member_id
            and newcomers.person_id <> givers.person_id
    group by newcomers.identity_level, newcomers.person_id
),

counted as (
    select
        newcomers.identity_level,
        newcomers.period_start,
        groups.category,
        coalesce(newcomers.area, 'all') as area,
        newcomers.region,
        count(*) as newcomers,
        count(*) filter (where list_has_any(coalesce(met.contacts, []), groups.givers))
            as contacted,
        count(*) filter (where newcomers.affiliation = 'unknown') as unknown_persons
    from newcomers
    left join met using (identity_level, person_id)
    cross join groups
    group by
        newcomers.identity_level,
        newcomers.period_start,
        groups.category,
        grouping sets ((), (newcomers.area), (newcomers.region), (newcomers.area, newcomers.region))
),

measured as (
    select
        slices.*,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        counted.region,
        coalesce(counted.newcomers, 0) as newcomers,
        coalesce(counted.contacted, 0) as contacted,
        probable.newcomers as probable_newcomers,
        probable.contacted as probable_contacted,
        counted.unknown_persons
    from slices
    left join counted
        on
            counted.identity_level = 'confirmed'
            and slices.period_start = counted.period_start
            and slices.category = counted.category
            and slices.area = counted.area
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and counted.period_start = probable.period_start
            and counted.category = probable.category
            and counted.area = probable.area
            and counted.region is not distinct from probable.region
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    category,
    population,

    case when is_measured then contacted / nullif(newcomers, 0) end as value,
    case when is_measured then wilson_low(contacted, newcomers) end as ci_low,
    case when is_measured then wilson_high(contacted, newcomers) end as ci_high,
    case when is_measured then probable_contacted / nullif(probable_newcomers, 0) end
        as value_with_probable,
    cast(case when is_measured then contacted end as double) as numerator,
    cast(case when is_measured then newcomers end as double) as denominator,
    case when is_measured then newcomers end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('contacted', 'newcomers'),
                smaller_group('probable_contacted', 'probable_newcomers')
            ) }}
    end as smallest_group,
    case when is_measured then unknown_persons / nullif(newcomers, 0) end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when newcomers = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

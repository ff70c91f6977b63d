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
    from ({{ area_slices(['quarter'], ['community']) }}) as slices
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

newcomers as (
    select
        firsts.person_id,
        firsts.area,
        firsts.affiliation,
        firsts.is_first_with_probable,
        date_trunc('quarter', firsts.occurred_at) as period_start,
        coalesce(countries.region, 'unknown') as region,
        list(distinct acts.from_affiliation) filter (where acts.from_affiliation is not null)
            as contacts
    from {{ ref('fct_first_contribution') }} as firsts
    inner join {{ ref('dim_population') }} as populations
        on firsts.affiliation = populations.affiliation and populations.population = 'community'
    left join {{ ref('dim_person_country') }} as countries
        on
            firsts.person_id = countries.person_id
            and countries.seen_from
            < cast(date_trunc('quarter', firsts.occurred_at) + interval 3 month as date)
            and countries.seen_until
            >= cast(date_trunc('quarter', firsts.occurred_at) + interval 3 month as date)
    left join {{ ref('fct_interaction') }} as acts
        on
            firsts.person_id = acts.to_person_id
            and acts.occurred_on >= firsts.occurred_on
            and acts.occurred_on < firsts.occurred_on + {{ days }}
    where firsts.area <> 'mobilizing'
    group by
        firsts.person_id,
        firsts.area,
        firsts.affiliation,
        firsts.is_first_with_probable,
        firsts.occurred_at,
        countries.region
),

counted as (
    select
        newcomers.period_start,
        groups.category,
        coalesce(newcomers.area, 'all') as area,
        newcomers.region,
        count(*) as newcomers,
        count(*) filter (
            where list_has_any(coalesce(newcomers.contacts, []), groups.givers)
        ) as contacted,
        count(*) filter (where newcomers.is_first_with_probable) as probable_newcomers,
        count(*) filter (
            where list_has_any(coalesce(newcomers.contacts, []), groups.givers)
            and newcomers.is_first_with_probable
        ) as probable_contacted,
        count(*) filter (where newcomers.affiliation = 'unknown') as unknown_persons
    from newcomers
    cross join groups
    group by
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
        counted.probable_newcomers,
        counted.probable_contacted,
        counted.unknown_persons
    from slices
    left join counted using (period_start, category, area)
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
                smaller_group('contacted', 'newcomers'), smaller_group('probable_contacted', 'probable_newcomers')
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

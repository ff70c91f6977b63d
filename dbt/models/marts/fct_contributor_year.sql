-- One row an identity_level, person, end of a month D and population: what a person active in the
-- year before D did in it, and in how many areas in the two years before D. `confirmed`: persons as
-- everywhere; `probable`: only those whom probable links would make one person of several, and who
-- with the confirmed ones in no such cluster are everybody then. A year is told twice, in days (365
-- before D) and in months (the last 12). Both of two areas within 90 days before the end of a month
-- make them simultaneous; that window must lie within the two years.

{% set parameters = var('parameters') %}
{% set year = parameters['contributor_window_days'] %}
{% set two_years = parameters['areas_window_days'] %}
{% set at_once = parameters['simultaneous_window_days'] %}
with clusters as (
    select probable_person_id
    from {{ ref('dim_person') }}
    group by probable_person_id
    having count(*) > 1
),

identities as (
    select
        'confirmed' as identity_level,
        persons.person_id,
        persons.person_id as member_id,
        clusters.probable_person_id is null as is_with_probable
    from {{ ref('dim_person') }} as persons
    left join clusters on persons.probable_person_id = clusters.probable_person_id
    union all
    select
        'probable' as identity_level,
        clusters.probable_person_id as person_id,
        persons.person_id as member_id,
        true as is_with_probable
    from clusters
    inner join {{ ref('dim_person') }} as persons
        on clusters.probable_person_id = persons.probable_person_id
),

ends as (
    select
        period_end,
        cast({{ dbt.dateadd('day', -year, 'period_end') }} as {{ dbt.type_timestamp() }})
            as year_start,
        cast({{ dbt.dateadd('month', -12, 'period_end') }} as {{ dbt.type_timestamp() }})
            as twelve_months_start,
        cast({{ dbt.dateadd('day', -two_years, 'period_end') }} as date) as two_years_start,
        cast({{ dbt.dateadd('day', -at_once, 'period_end') }} as date) as at_once_start,
        cast(period_end as date) as end_on
    from {{ ref('dim_period') }}
    where grain = 'month'
),

months as (
    select
        identities.identity_level,
        identities.person_id,
        identities.is_with_probable,
        populations.population,
        active.area,
        active.period_start,
        active.period_end,
        cast(power(2, {{ area_place('active.area') }}) as bigint) as area_bit,
        bit_or(active.day_bits) as day_bits,
        bit_or(case when active.affiliation = 'unknown' then active.day_bits else 0 end)
            as unknown_bits,
        max(active.last_active_on) as last_active_on
    from {{ ref('fct_contributor_month') }} as active
    inner join identities on active.person_id = identities.member_id
    inner join {{ ref('dim_population') }} as populations
        on active.affiliation = populations.affiliation
    where populations.population in ('all', 'community')
    group by
        identities.identity_level,
        identities.person_id,
        identities.is_with_probable,
        populations.population,
        active.area,
        active.period_start,
        active.period_end
),

-- Days with a contribution to code are among the days of all areas.
counted as (
    select
        months.identity_level,
        months.person_id,
        months.is_with_probable,
        months.population,
        months.area,
        ends.period_end,
        case when months.period_start >= ends.twelve_months_start then 1 else 0 end
            as active_months,
        {{ days_within('months.day_bits', 'months.period_start', 'ends.year_start') }}
            as active_days,
        {{ days_within('months.unknown_bits', 'months.period_start', 'ends.year_start') }}
            as unknown_days
    from ends
    inner join months
        on
            months.period_end > ends.year_start
            and months.period_start < ends.period_end
),

summed as (
    select
        identity_level,
        person_id,
        is_with_probable,
        population,
        period_end,
        area,
        sum(active_months) as active_months,
        sum(active_days) as active_days,
        sum(unknown_days) as unknown_days
    from counted
    group by identity_level, person_id, is_with_probable, population, period_end, area
    having sum(active_days) > 0
),

ranked as (
    select
        identity_level,
        person_id,
        population,
        period_end,
        area,
        active_days,
        row_number() over (
            partition by identity_level, person_id, population, period_end
            order by active_days desc, {{ area_place('area') }} asc, area asc
        ) as place
    from summed
    where area <> 'all'
),

mains as (
    select
        identity_level,
        person_id,
        population,
        period_end,
        max(case when place = 1 then area end) as main_area,
        max(case when area = 'code' then active_days else 0 end) as code_days
    from ranked
    group by identity_level, person_id, population, period_end
),

wide as (
    select
        months.identity_level,
        months.person_id,
        months.population,
        ends.period_end,
        bit_count(bit_or(months.area_bit)) as areas,
        bit_count(bit_or(
            case when months.last_active_on >= ends.at_once_start then months.area_bit else 0 end
        )) as areas_at_once,
        min(ends.at_once_start) as at_once_start
    from ends
    inner join months
        on
            months.last_active_on >= ends.two_years_start
            and months.last_active_on < ends.end_on
    where months.area <> 'all'
    group by months.identity_level, months.person_id, months.population, ends.period_end
),

at_once as (
    select identity_level, person_id, population, period_end, at_once_start
    from wide
    where areas_at_once > 1
),

simultaneous as (
    select
        at_once.identity_level,
        at_once.person_id,
        at_once.population,
        ends.period_end
    from at_once
    inner join ends
        on
            at_once.period_end <= ends.period_end
            and at_once.at_once_start >= ends.two_years_start
    group by at_once.identity_level, at_once.person_id, at_once.population, ends.period_end
),

-- A cluster of several persons is where its member was last seen to be.
placed as (
    select
        identities.identity_level,
        identities.person_id,
        ends.period_end,
        countries.region,
        countries.is_backfilled,
        row_number() over (
            partition by identities.identity_level, identities.person_id, ends.period_end
            order by countries.seen_from desc, countries.person_id asc
        ) as place
    from identities
    inner join {{ ref('dim_person_country') }} as countries
        on identities.member_id = countries.person_id
    inner join ends
        on
            countries.seen_from < ends.end_on
            and countries.seen_until >= ends.end_on
)

select
    summed.identity_level,
    summed.person_id,
    summed.population,
    summed.period_end,

    summed.is_with_probable,
    mains.main_area,
    coalesce(placed.region, 'unknown') as region,
    coalesce(placed.is_backfilled, false) as is_region_backfilled,
    summed.unknown_days > 0 as is_affiliation_unknown,
    cast(summed.active_months as bigint) as active_months,
    cast(summed.active_days as bigint) as active_days,
    cast(summed.active_days - mains.code_days as bigint) as non_code_days,
    cast(wide.areas as bigint) as areas,
    simultaneous.person_id is not null as is_simultaneous
from summed
inner join mains
    on
        summed.identity_level = mains.identity_level
        and summed.person_id = mains.person_id
        and summed.population = mains.population
        and summed.period_end = mains.period_end
inner join wide
    on
        summed.identity_level = wide.identity_level
        and summed.person_id = wide.person_id
        and summed.population = wide.population
        and summed.period_end = wide.period_end
left join simultaneous
    on
        summed.identity_level = simultaneous.identity_level
        and summed.person_id = simultaneous.person_id
        and summed.population = simultaneous.population
        and summed.period_end = simultaneous.period_end
left join placed
    on
        summed.identity_level = placed.identity_level
        and summed.person_id = placed.person_id
        and summed.period_end = placed.period_end
        and placed.place = 1
where summed.area = 'all'

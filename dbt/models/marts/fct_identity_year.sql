-- One row an identity level, person, end of a month D and population: what a person active in the
-- year before D did in it, and in how many areas in the two years before D. A year is told twice,
-- in days (365 before D) and in months (the last 12). Both of two areas within 90 days before the
-- end of a month make them simultaneous; that window must lie within the two years.

{% set two_years = var('parameters')['areas_window_days'] %}
{% set at_once = var('parameters')['simultaneous_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'dim_period': {
            'rows': "select * from marts.dim_period where grain = 'month'",
            'by': ['period_end'],
            'since': 'period_end - interval 1 day',
            'until': "period_end + interval " ~ two_years ~ " day",
        },
        'fct_identity_window': read_at_end([
            'identity_level', 'person_id', 'population', 'area', 'active_days', 'active_months',
            'is_affiliation_unknown',
        ]),
        'fct_identity_month': {
            'columns': [
                'identity_level', 'person_id', 'affiliation', 'area', 'period_start',
                'last_active_on',
            ],
            'since': 'last_active_on',
            'until': "last_active_on + interval " ~ two_years ~ " day",
        },
        'dim_identity_country': read_of_countries(),
    },
}) }}

with ends as (
    select
        period_end,
        cast({{ dbt.dateadd('day', -two_years, 'period_end') }} as date) as two_years_start,
        cast({{ dbt.dateadd('day', -at_once, 'period_end') }} as date) as at_once_start,
        cast(period_end as date) as end_on
    from {{ ref('dim_period') }}
    where grain = 'month' and {{ due('period_end', two_years) }}
),

years as (
    select *
    from {{ ref('fct_identity_window') }}
    where population in ('all', 'community') and {{ due('period_end') }}
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
    from years
    where area <> 'all'
),

-- Days with a contribution to code are among the days of all areas.
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

months as (
    select
        active.identity_level,
        active.person_id,
        populations.population,
        active.period_start,
        cast(power(2, {{ area_place('active.area') }}) as bigint) as area_bit,
        max(active.last_active_on) as last_active_on
    from {{ ref('fct_identity_month') }} as active
    inner join {{ ref('dim_population') }} as populations
        on active.affiliation = populations.affiliation
    where populations.population in ('all', 'community') and active.area <> 'all'
    group by
        active.identity_level,
        active.person_id,
        populations.population,
        active.period_start,
        cast(power(2, {{ area_place('active.area') }}) as bigint)
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
)

select
    years.identity_level,
    years.person_id,
    years.population,
    years.period_end,

    mains.main_area,
    coalesce(countries.region, 'unknown') as region,
    coalesce(countries.is_backfilled, false) as is_region_backfilled,
    years.is_affiliation_unknown,
    years.active_months,
    years.active_days,
    cast(years.active_days - mains.code_days as bigint) as non_code_days,
    cast(wide.areas as bigint) as areas,
    simultaneous.person_id is not null as is_simultaneous
from years
inner join mains
    on
        years.identity_level = mains.identity_level
        and years.person_id = mains.person_id
        and years.population = mains.population
        and years.period_end = mains.period_end
inner join wide
    on
        years.identity_level = wide.identity_level
        and years.person_id = wide.person_id
        and years.population = wide.population
        and years.period_end = wide.period_end
left join simultaneous
    on
        years.identity_level = simultaneous.identity_level
        and years.person_id = simultaneous.person_id
        and years.population = simultaneous.population
        and years.period_end = simultaneous.period_end
left join {{ ref('dim_identity_country') }} as countries
    on
        years.identity_level = countries.identity_level
        and years.person_id = countries.person_id
        and countries.seen_from < cast(years.period_end as date)
        and countries.seen_until >= cast(years.period_end as date)
where years.area = 'all'

-- Active leaders of an area for each 100 persons who were active in it in the 90 days before the
-- end of the month; in a locale: those who lead it for each 100 active in it. Locales once seen in
-- an area are told in all months.

{% set days = var('parameters')['leader_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'dim_period': read_of_period(['month']),
        'fct_area_period': read_of_areas(['trailing_' ~ days ~ 'd']),
        'fct_identity_leadership': {
            'rows': "
                select
                    identity_level, person_id, period_end, affiliation, area, scope_type, scope,
                    silent_days
                from marts.fct_identity_leadership
                union all by name
                select identity_level, area, scope_type, scope, min(silent_days) as silent_days
                from marts.fct_identity_leadership
                group by identity_level, area, scope_type, scope
            ",
            'since': "coalesce(period_end - interval 1 day, timestamp '1900-01-01')",
            'until': 'period_end',
        },
        'fct_identity_month': read_of_months(
            ['identity_level', 'person_id', 'area', 'affiliation', 'last_active_on'], days
        ),
        'fct_contributor_locale_month': {
            'rows': "
                select * from marts.fct_contributor_locale_month
                where area in ('support', 'localization')
                union all by name
                select distinct area, locale from marts.fct_contributor_locale_month
                where area in ('support', 'localization')
            ",
            'columns': ['person_id', 'area', 'affiliation', 'locale', 'period_start', 'day_bits'],
            'since': "coalesce(period_start, timestamp '1900-01-01')",
            'until': "period_end + interval " ~ days ~ " day",
        },
        'dim_person': read_of_persons(),
    },
}) }}

with slices as (
    {{ window_slices('month', days, ['all', 'community'], only_due=true) }}
),

areas as (
    select distinct roles.area, known.known_from
    from ({{ leading_roles() }}) as roles
    inner join {{ ref('fct_role_source') }} as known using (source)
    union all
    select 'all' as area, min(known_from) as known_from from {{ ref('fct_role_source') }}
),

known_areas as (
    select area, min(known_from) as known_from from areas group by area
),

leaders as (
    select
        roles.identity_level,
        roles.period_end,
        roles.person_id,
        populations.population,
        roles.area,
        case when roles.scope_type = 'locale' then roles.scope end as locale
    from {{ ref('fct_identity_leadership') }} as roles
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where roles.silent_days <= {{ days }}
),

led as (
    select
        period_end,
        population,
        'all' as area,
        null as locale,
        count(distinct person_id) filter (where identity_level = 'confirmed') as leaders,
        count(distinct person_id) filter (where identity_level = 'probable') as probable_leaders
    from leaders
    group by period_end, population
    union all
    select
        period_end,
        population,
        area,
        null,
        count(distinct person_id) filter (where identity_level = 'confirmed') as leaders,
        count(distinct person_id) filter (where identity_level = 'probable') as probable_leaders
    from leaders
    group by period_end, population, area
    union all
    select
        period_end,
        population,
        area,
        locale,
        count(distinct person_id) filter (where identity_level = 'confirmed') as leaders,
        count(distinct person_id) filter (where identity_level = 'probable') as probable_leaders
    from leaders
    where locale is not null
    group by period_end, population, area, locale
),

ends as (
    select distinct period_end, (period_end - interval {{ days }} day)::date as since_on
    from slices
),

locale_months as (
    select * from {{ ref('fct_contributor_locale_month') }}
    where area in ('support', 'localization')
),

-- Windows end with a month, so the last active day of each month tells who was active in them.
active as (
    select
        ends.period_end,
        months.area,
        null as locale,
        populations.population,
        count(distinct months.person_id) filter (where months.identity_level = 'confirmed')
            as persons,
        count(distinct months.person_id) filter (where months.identity_level = 'probable')
            as probable_persons,
        count(distinct months.person_id) filter (
            where months.identity_level = 'confirmed' and months.affiliation = 'unknown'
        ) as unknown_persons
    from ends
    inner join {{ ref('fct_identity_month') }} as months
        on
            ends.since_on <= months.last_active_on
            and ends.period_end > months.last_active_on
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    group by ends.period_end, months.area, populations.population
    union all
    select
        ends.period_end,
        months.area,
        months.locale,
        populations.population,
        count(distinct months.person_id) as persons,
        count(distinct persons.probable_person_id) as probable_persons,
        count(distinct months.person_id) filter (where months.affiliation = 'unknown')
            as unknown_persons
    from ends
    inner join locale_months as months
        on
            ends.since_on < months.period_end
            and ends.period_end > months.period_start
            and {{ days_within('months.day_bits', 'months.period_start', 'ends.since_on') }} > 0
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    inner join {{ ref('dim_person') }} as persons using (person_id)
    group by ends.period_end, months.area, months.locale, populations.population
),

splits as (
    select area, null as locale from (select distinct area from slices) as every_area
    union
    select area, locale from locale_months
    union
    select area, scope as locale
    from {{ ref('fct_identity_leadership') }}
    where
        identity_level = 'confirmed'
        and scope_type = 'locale'
        and silent_days <= {{ days }}
),

measured as (
    select
        slices.*,
        splits.locale,
        coalesce(known_areas.known_from <= slices.period_end::date, false) as are_roles_known,
        coalesce(led.leaders, 0) as leaders,
        coalesce(led.probable_leaders, 0) as probable_leaders,
        coalesce(active.persons, 0) as persons,
        coalesce(active.probable_persons, 0) as probable_persons,
        active.unknown_persons
    from slices
    inner join splits using (area)
    left join known_areas using (area)
    left join led
        on
            slices.period_end = led.period_end
            and slices.population = led.population
            and slices.area = led.area
            and splits.locale is not distinct from led.locale
    left join active
        on
            slices.period_end = active.period_end
            and slices.population = active.population
            and slices.area = active.area
            and splits.locale is not distinct from active.locale
),

judged as (
    select *, are_roles_known and status <> 'unavailable' as is_measured
    from measured
    where are_roles_known or locale is null
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    locale,
    population,

    case when is_measured then 100 * leaders / nullif(persons, 0) end as value,
    case
        when is_measured and persons > 0 then 100 * probable_leaders / nullif(probable_persons, 0)
    end as value_with_probable,
    case when is_measured then leaders end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('leaders', 'persons'),
                smaller_group('probable_leaders', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

-- The chance that two persons of a month, drawn without putting back, are of different regions (or
-- language communities): Simpson's index in its unbiased form. Who is of no known one is left out
-- and told by the coverage. By locale a person counts once, where most of the active days were.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_identity_month': read_at_end([
            'identity_level', 'person_id', 'area', 'affiliation', 'region', 'is_region_backfilled',
            'period_start',
        ]),
        'fct_contributor_locale_month': read_at_end_and_values(
            'fct_contributor_locale_month',
            ['person_id', 'area', 'affiliation', 'locale', 'period_start', 'day_bits'],
            ['area'],
        ),
        'dim_identity': read_of_members(),
    },
}) }}

with slices as (
    {{ area_slices(['month'], ['all', 'community'], only_due=true) }}
),

regions as (
    select
        'region' as attribute,
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id,
        nullif(any_value(months.region), 'unknown') as found,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown,
        bool_or(months.is_region_backfilled) as is_backfilled
    from {{ ref('fct_identity_month') }} as months
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due('months.period_end') }}
    group by
        months.identity_level,
        months.period_start,
        months.area,
        populations.population,
        months.person_id
),

spoken as (
    select
        identities.identity_level,
        months.period_start,
        months.area,
        populations.population,
        identities.person_id,
        months.locale,
        bit_count(bit_or(months.day_bits)) as active_days
    from {{ ref('fct_contributor_locale_month') }} as months
    inner join {{ ref('dim_identity') }} as identities on months.person_id = identities.member_id
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due('months.period_end') }}
    group by
        identities.identity_level,
        months.period_start,
        months.area,
        populations.population,
        identities.person_id,
        months.locale
),

main_locales as (
    select
        identity_level,
        period_start,
        area,
        population,
        person_id,
        min_by(locale, (-active_days, locale)) as locale
    from spoken
    group by identity_level, period_start, area, population, person_id
),

persons as (
    select
        attribute,
        identity_level,
        period_start,
        area,
        population,
        person_id,
        found,
        is_affiliation_unknown,
        is_backfilled
    from regions
    union all
    select
        'locale' as attribute,
        regions.identity_level,
        regions.period_start,
        regions.area,
        regions.population,
        regions.person_id,
        main_locales.locale as found,
        regions.is_affiliation_unknown,
        false as is_backfilled
    from regions
    left join main_locales using (identity_level, period_start, area, population, person_id)
),

groups as (
    select
        attribute,
        identity_level,
        period_start,
        area,
        population,
        found,
        count(*) as persons,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        bool_or(is_backfilled) as is_backfilled
    from persons
    group by attribute, identity_level, period_start, area, population, found
),

summed as (
    select
        attribute,
        identity_level,
        period_start,
        area,
        population,
        sum(persons)::bigint as everybody,
        coalesce(sum(persons) filter (where found is not null), 0)::bigint as persons,
        sum(persons * (persons - 1)) filter (where found is not null) as pairs_alike,
        sum(unknown_persons) filter (where found is not null) as unknown_persons,
        bool_or(is_backfilled) as is_backfilled
    from groups
    group by attribute, identity_level, period_start, area, population
),

-- An area whose contributions have no locale has no languages either.
attributes as (
    select distinct 'locale' as attribute, area from {{ ref('fct_contributor_locale_month') }}
    union
    select 'region' as attribute, area from slices
),

measured as (
    select
        slices.*,
        attributes.attribute,
        case when slices.status <> 'unavailable' then coalesce(summed.persons, 0) end as persons,
        case when slices.status <> 'unavailable' then summed.persons / summed.everybody end
            as coverage,
        coalesce(probable.persons, 0) as probable_persons,
        summed.pairs_alike,
        probable.pairs_alike as probable_pairs_alike,
        summed.unknown_persons,
        summed.is_backfilled
    from slices
    inner join attributes using (area)
    left join summed
        on
            summed.identity_level = 'confirmed'
            and attributes.attribute = summed.attribute
            and slices.period_start = summed.period_start
            and slices.area = summed.area
            and slices.population = summed.population
    left join summed as probable
        on
            probable.identity_level = 'probable'
            and attributes.attribute = probable.attribute
            and slices.period_start = probable.period_start
            and slices.area = probable.area
            and slices.population = probable.population
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    attribute,
    population,

    case when persons > 1 then 1 - pairs_alike / (persons * (persons - 1)) end as value,
    case
        when persons > 1 and probable_persons > 1
            then 1 - probable_pairs_alike / (probable_persons * (probable_persons - 1))
    end as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    persons,
    case when persons is not null then {{ smaller_group('persons', 'probable_persons') }} end
        as smallest_group,
    coverage,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when persons = 0 then 'no_denominator'
        when persons = 1 then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'low_coverage': 'coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

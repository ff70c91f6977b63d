-- The share of a region's active contributors towards whom staff did something in the 90 days
-- before the end of the quarter, raw and shrunk towards that of all regions; and, over regions
-- with enough active people, the share of them in which it is at least 10 %. Only known regions.
-- `_high`: who is of unknown affiliation counts as staff; else as a volunteer.

{% set window = var('parameters')['support_window_days'] %}
{# Whom the unknown alone supported is told by both ends together. #}
{% set told_group = smaller_group(
    smaller_group('regions.supported', 'regions.persons'), 'regions.supported_by_unknown'
) %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'fct_area_period': read_of_areas(['quarter']),
        'fct_contributor_day': {
            'rows': "select * from marts.fct_contributor_day where area = 'all'",
            'columns': ['person_id', 'area', 'affiliation', 'occurred_on'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': "occurred_on + interval " ~ window ~ " day",
        },
        'fct_interaction': read_of_days(
            ['to_person_id', 'from_affiliation', 'occurred_on'], window
        ),
        'dim_identity': read_of_members(),
        'dim_identity_country': read_of_countries(),
    },
}) }}

with periods as (
    select *
    from ({{ area_slices(['quarter'], ['community'], only_due=true) }}) as slices
    where area = 'all'
),

active as (
    select
        identities.identity_level,
        periods.period_start,
        identities.person_id,
        coalesce(any_value(countries.region), 'unknown') as region,
        bool_or(coalesce(countries.is_backfilled, false)) as is_backfilled,
        bool_or(days.affiliation = 'unknown') as is_unknown
    from periods
    inner join {{ ref('fct_contributor_day') }} as days
        on
            days.area = 'all'
            and days.occurred_on >= cast(periods.period_end as date) - {{ window }}
            and days.occurred_on < cast(periods.period_end as date)
    inner join {{ ref('dim_population') }} as populations
        on
            days.affiliation = populations.affiliation
            and periods.population = populations.population
    inner join {{ ref('dim_identity') }} as identities on days.person_id = identities.member_id
    left join {{ ref('dim_identity_country') }} as countries
        on
            identities.identity_level = countries.identity_level
            and identities.person_id = countries.person_id
            and countries.seen_from < cast(periods.period_end as date)
            and countries.seen_until >= cast(periods.period_end as date)
    group by identities.identity_level, periods.period_start, identities.person_id
),

bands as (
    select
        case when category = 'high' then '_high' else '' end as suffix,
        counted_as_staff
    from {{ affiliation_band() }} as ends
),

supported as (
    select distinct
        identities.identity_level,
        periods.period_start,
        bands.suffix,
        identities.person_id
    from periods
    inner join {{ ref('fct_interaction') }} as acts
        on
            acts.occurred_on >= cast(periods.period_end as date) - {{ window }}
            and acts.occurred_on < cast(periods.period_end as date)
    inner join bands on list_contains(bands.counted_as_staff, acts.from_affiliation)
    inner join {{ ref('dim_identity') }} as identities on acts.to_person_id = identities.member_id
),

regions as (
    select
        active.identity_level,
        active.period_start,
        active.region,
        bands.suffix,
        count(*) as persons,
        count(supported.person_id) as supported,
        count(supported.person_id) - count(known.person_id) as supported_by_unknown,
        count(*) filter (where active.is_unknown) as unknown_persons,
        bool_or(active.is_backfilled) as is_backfilled
    from active
    cross join bands
    left join supported
        on
            active.identity_level = supported.identity_level
            and active.period_start = supported.period_start
            and active.person_id = supported.person_id
            and bands.suffix = supported.suffix
    left join supported as known
        on
            active.identity_level = known.identity_level
            and active.period_start = known.period_start
            and active.person_id = known.person_id
            and known.suffix = ''
    where active.region <> 'unknown'
    group by active.identity_level, active.period_start, active.region, bands.suffix
),

lists as (
    select
        identity_level,
        period_start,
        suffix,
        list(region order by region) as names,
        shrunk_rates(
            list(cast(supported as double) order by region),
            list(cast(persons as double) order by region)
        ) as rates
    from regions
    group by identity_level, period_start, suffix
),

shrunk as (
    select
        identity_level,
        period_start,
        suffix,
        unnest(names) as region,
        unnest(rates) as rate
    from lists
),

coverages as (
    select
        period_start,
        count(*) filter (where region <> 'unknown') / count(*) as coverage
    from active
    where identity_level = 'confirmed'
    group by period_start
),

enough as (
    select
        identity_level,
        period_start,
        suffix,
        count(*) as regions,
        count(*) filter (
            where supported >= {{ var('parameters')['staff_coverage_share'] }} * persons
        ) as covered,
        cast(sum(persons) as bigint) as persons,
        min(persons) as smallest,
        cast(sum(unknown_persons) as bigint) as unknown_persons,
        bool_or(is_backfilled) as is_backfilled
    from regions
    where persons >= {{ var('parameters')['min_persons'] }}
    group by identity_level, period_start, suffix
),

levels as (
    select identity_level from {{ identity_levels() }} as levels
),

told as (
    select
        levels.identity_level,
        periods.*,
        null as region,
        'regions' || bands.suffix as category,
        enough.covered / nullif(enough.regions, 0) as told_value,
        wilson_low(enough.covered, enough.regions) as told_low,
        wilson_high(enough.covered, enough.regions) as told_high,
        coalesce(enough.covered, 0) as told_numerator,
        coalesce(enough.regions, 0) as told_denominator,
        coalesce(enough.persons, 0) as told_persons,
        coalesce(enough.smallest, 0) as told_group,
        enough.unknown_persons,
        enough.is_backfilled,
        null as told_flag
    from periods
    cross join levels
    cross join bands
    left join enough using (identity_level, period_start, suffix)
    union all
    select
        regions.identity_level,
        periods.*,
        regions.region,
        'raw' || regions.suffix as category,
        regions.supported / regions.persons as told_value,
        wilson_low(regions.supported, regions.persons) as told_low,
        wilson_high(regions.supported, regions.persons) as told_high,
        regions.supported as told_numerator,
        regions.persons as told_denominator,
        regions.persons as told_persons,
        {{ told_group }} as told_group,
        regions.unknown_persons,
        regions.is_backfilled,
        null as told_flag
    from periods
    inner join regions using (period_start)
    union all
    select
        regions.identity_level,
        periods.*,
        regions.region,
        'shrunk' || regions.suffix as category,
        shrunk.rate.value as told_value,
        shrunk.rate.low as told_low,
        shrunk.rate.high as told_high,
        regions.supported as told_numerator,
        regions.persons as told_denominator,
        regions.persons as told_persons,
        {{ told_group }} as told_group,
        regions.unknown_persons,
        regions.is_backfilled,
        shrunk.rate.flag as told_flag
    from periods
    inner join regions using (period_start)
    inner join shrunk using (identity_level, period_start, suffix, region)
),

banded as (
    select
        confirmed.*,
        probable.told_value as probable_value,
        probable.told_group as probable_group
    from told as confirmed
    left join told as probable
        on
            probable.identity_level = 'probable'
            and confirmed.period_start = probable.period_start
            and confirmed.category = probable.category
            and confirmed.region is not distinct from probable.region
    where confirmed.identity_level = 'confirmed'
)

select
    grain,
    period_start,
    period_end,
    region,
    category,
    population,

    case when status <> 'unavailable' then told_value end as value,
    case when status <> 'unavailable' then told_low end as ci_low,
    case when status <> 'unavailable' then told_high end as ci_high,
    case when status <> 'unavailable' and told_value is not null then probable_value end
        as value_with_probable,
    cast(case when status <> 'unavailable' then told_numerator end as double) as numerator,
    cast(case when status <> 'unavailable' then told_denominator end as double) as denominator,
    case when status <> 'unavailable' then told_persons end as persons,
    case
        when status <> 'unavailable' then {{ smaller_group('told_group', 'probable_group') }}
    end as smallest_group,
    case when status <> 'unavailable' then coverages.coverage end as coverage,
    case when status <> 'unavailable' then unknown_persons / nullif(told_persons, 0) end
        as unknown_affiliation_share,
    case
        when status = 'unavailable' then status
        when told_denominator = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'low_coverage': 'coverages.coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }, 'told_flag') }} as flags
from banded
left join coverages using (period_start)

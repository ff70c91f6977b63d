-- The share of a month's active persons whose affiliation is unknown, in all sources and in each:
-- how precise numbers of staff and volunteers are. Above 30 % only their low and high ends should
-- be read.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_source_period': read_of_sources(['month']),
        'fct_contribution': {
            'columns': ['person_id', 'source', 'affiliation', 'occurred_on'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_month('occurred_on'),
        },
        'dim_person': read_of_persons(),
    },
}) }}

with slices as (
    select
        grain,
        period_start,
        period_end,
        null as source,
        status,
        is_source_missing
    from ({{ area_slices(['month'], ['all'], only_due=true) }}) as every_area
    where area = 'all'
    union all
    select
        grain,
        period_start,
        period_end,
        source,
        case when state = 'missing' then 'unavailable' else state end as status,
        false as is_source_missing
    from {{ ref('fct_source_period') }}
    where
        grain = 'month'
        and state <> 'not_begun'
        and {{ due('period_end') }}
        and source in (select source from {{ ref('activity_types') }})
),

counted as (
    select
        date_trunc('month', facts.occurred_on) as period_start,
        facts.source,
        count(distinct facts.person_id) as persons,
        count(distinct facts.person_id) filter (where facts.affiliation = 'unknown')
            as unknown_persons,
        count(distinct persons.probable_person_id) as probable_persons,
        count(distinct persons.probable_person_id) filter (where facts.affiliation = 'unknown')
            as probable_unknown_persons
    from {{ ref('fct_contribution') }} as facts
    inner join {{ ref('dim_person') }} as persons on facts.person_id = persons.person_id
    where {{ due(end_of_month('facts.occurred_on')) }}
    group by date_trunc('month', facts.occurred_on), grouping sets ((), (facts.source))
),

measured as (
    select
        slices.*,
        slices.status <> 'unavailable' as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.unknown_persons, 0) as unknown_persons,
        counted.probable_persons,
        counted.probable_unknown_persons
    from slices
    left join counted
        on
            slices.period_start = counted.period_start
            and slices.source is not distinct from counted.source
)

select
    grain,
    period_start,
    period_end,
    source,

    case when is_measured then unknown_persons / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(unknown_persons, persons) end as ci_low,
    case when is_measured then wilson_high(unknown_persons, persons) end as ci_high,
    case when is_measured then probable_unknown_persons / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then unknown_persons end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('unknown_persons', 'persons'),
                smaller_group('probable_unknown_persons', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'band_only': 'is_measured and unknown_persons > '
        ~ var('parameters')['unknown_affiliation_limit'] ~ ' * persons',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

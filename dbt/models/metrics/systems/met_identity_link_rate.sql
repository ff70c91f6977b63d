-- The share of active persons who are known in two systems at least (category null), or in both of
-- a pair of systems. What the accounts did does not matter, only that their person is active.

{% set window = 'trailing_' ~ var('parameters')['identity_window_days'] ~ 'd' %}

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends([window]),
    'reads': {
        'fct_area_period': read_of_areas([window]),
        'fct_identity_month': read_of_months(
            ['identity_level', 'person_id', 'area', 'affiliation', 'last_active_on'],
            var('parameters')['identity_window_days'],
        ),
        'dim_identity': read_of_members(),
        'dim_account': {
            'rows': "
                select accounts.*, persons.first_contribution_on
                from marts.dim_account as accounts
                inner join marts.dim_identity as persons
                    on
                        accounts.person_id = persons.member_id
                        and persons.identity_level = 'probable'
                union all by name
                select distinct source, is_bot, date '1900-01-01' as first_contribution_on
                from marts.dim_account
            ",
            'columns': ['source', 'person_id', 'is_bot'],
            'since': 'first_contribution_on',
        },
    },
}) }}

with slices as (
    {{ area_slices([window], ['all', 'community'], only_due=true) }}
),

known as (
    select
        persons.identity_level,
        persons.person_id,
        list_sort(list_distinct(list(accounts.source))) as systems
    from {{ ref('dim_identity') }} as persons
    inner join {{ ref('dim_account') }} as accounts on persons.member_id = accounts.person_id
    where not accounts.is_bot
    group by persons.identity_level, persons.person_id
),

systems as (
    select distinct source from {{ ref('dim_account') }} where not is_bot
),

categories as (
    select null::varchar as category, null::varchar[] as pair
    union all
    select one.source || '+' || other.source as category, [one.source, other.source] as pair
    from systems as one
    inner join systems as other on one.source < other.source
),

-- Windows end with a month, so that the last active day of each month tells who was there.
active as (
    select
        months.identity_level,
        slices.period_start,
        slices.population,
        months.person_id,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
    from slices
    inner join {{ ref('dim_population') }} as populations using (population)
    inner join {{ ref('fct_identity_month') }} as months
        on
            months.area = 'all'
            and populations.affiliation = months.affiliation
            and months.last_active_on >= slices.period_start
            and months.last_active_on < slices.period_end
    where slices.area = 'all'
    group by months.identity_level, slices.period_start, slices.population, months.person_id
),

-- Few sets of systems are known of many persons.
grouped as (
    select
        active.identity_level,
        active.period_start,
        active.population,
        known.systems,
        count(*) as persons,
        count_if(active.is_affiliation_unknown) as unknown_persons
    from active
    inner join known using (identity_level, person_id)
    group by active.identity_level, active.period_start, active.population, known.systems
),

counted as (
    select
        grouped.identity_level,
        grouped.period_start,
        grouped.population,
        categories.category,
        sum(grouped.persons)::bigint as persons,
        coalesce(sum(grouped.persons) filter (
            where len(grouped.systems) >= 2
            and list_has_all(grouped.systems, coalesce(categories.pair, grouped.systems))
        ), 0)::bigint as linked,
        sum(grouped.unknown_persons)::bigint as unknown_persons
    from grouped
    cross join categories
    group by
        grouped.identity_level, grouped.period_start, grouped.population, categories.category
),

measured as (
    select
        slices.*,
        categories.category,
        confirmed.unknown_persons,
        slices.status <> 'unavailable' as is_known,
        coalesce(confirmed.persons, 0) as persons,
        coalesce(confirmed.linked, 0) as linked,
        coalesce(probable.persons, 0) as persons_with_probable,
        coalesce(probable.linked, 0) as linked_with_probable
    from slices
    cross join categories
    left join counted as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and slices.period_start = confirmed.period_start
            and slices.population = confirmed.population
            and categories.category is not distinct from confirmed.category
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and slices.period_start = probable.period_start
            and slices.population = probable.population
            and categories.category is not distinct from probable.category
    where slices.area = 'all'
)

select
    grain,
    period_start,
    period_end,
    category,
    population,

    case when is_known then linked / nullif(persons, 0) end as value,
    case when is_known then wilson_low(linked, persons) end as ci_low,
    case when is_known then wilson_high(linked, persons) end as ci_high,
    case when is_known then linked_with_probable / nullif(persons_with_probable, 0) end
        as value_with_probable,
    case when is_known then linked::double end as numerator,
    case when is_known then persons::double end as denominator,
    case when is_known then persons end as persons,
    case
        when is_known
            then {{ smaller_group(smaller_group('linked', 'persons'), 'linked_with_probable') }}
    end as smallest_group,
    case when is_known and population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case when is_known and persons = 0 then 'no_denominator' else status end as status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

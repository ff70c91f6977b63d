-- The share of active persons who are known in two systems at least (category null), or in both of
-- a pair of systems. What the accounts did does not matter, only that their person is active.

{% set window = 'trailing_' ~ var('parameters')['identity_window_days'] ~ 'd' %}

with slices as (
    {{ area_slices([window], ['all', 'community']) }}
),

people as (
    select 'confirmed' as band, person_id, person_id as whose from {{ ref('dim_person') }}
    union all
    select 'probable' as band, person_id, probable_person_id as whose from {{ ref('dim_person') }}
),

known as (
    select
        people.band,
        people.whose,
        list_distinct(list(accounts.source)) as systems
    from people
    inner join {{ ref('dim_account') }} as accounts on people.person_id = accounts.person_id
    where not accounts.is_bot
    group by people.band, people.whose
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

active as (
    select
        people.band,
        slices.period_start,
        slices.period_end,
        slices.population,
        people.whose,
        bool_or(days.affiliation = 'unknown') as is_affiliation_unknown
    from slices
    inner join {{ ref('dim_population') }} as populations using (population)
    inner join {{ ref('fct_contributor_day') }} as days
        on
            days.area = 'all'
            and populations.affiliation = days.affiliation
            and days.occurred_on >= slices.period_start
            and days.occurred_on < slices.period_end
    inner join people on days.person_id = people.person_id
    where slices.area = 'all'
    group by people.band, slices.period_start, slices.period_end, slices.population, people.whose
),

counted as (
    select
        active.period_start,
        active.population,
        categories.category,
        count(*) filter (where active.band = 'confirmed') as persons,
        count(*) filter (where active.band = 'confirmed' and {{ is_known_in_all() }})
            as linked,
        count(*) filter (where active.band = 'probable') as persons_with_probable,
        count(*) filter (where active.band = 'probable' and {{ is_known_in_all() }})
            as linked_with_probable,
        count(*) filter (where active.band = 'confirmed' and active.is_affiliation_unknown)
            as unknown_persons
    from active
    inner join known using (band, whose)
    cross join categories
    group by active.period_start, active.population, categories.category
),

measured as (
    select
        slices.*,
        categories.category,
        counted.unknown_persons,
        slices.status <> 'unavailable' as is_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.linked, 0) as linked,
        coalesce(counted.persons_with_probable, 0) as persons_with_probable,
        coalesce(counted.linked_with_probable, 0) as linked_with_probable
    from slices
    cross join categories
    left join counted
        on
            slices.period_start = counted.period_start
            and slices.population = counted.population
            and categories.category is not distinct from counted.category
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

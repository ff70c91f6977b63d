-- How those who hold a leading role at the end of the year, and were active in it, are spread over
-- the years in which they began, two years a generation; beside it the same of all who were active
-- in the system. Whose beginning was not loaded belongs to `before start of data`.

{% set days = var('parameters')['contributor_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['year']),
    'reads': {
        'dim_period': read_of_period(['year']),
        'fct_area_period': read_of_areas(['trailing_' ~ days ~ 'd']),
        'fct_identity_leadership': read_at_end([
            'identity_level', 'person_id', 'source', 'affiliation', 'silent_days'
        ]),
        'fct_contribution': read_of_days(
            ['person_id', 'source', 'affiliation', 'occurred_on'], days
        ),
        'dim_identity': {
            'columns': [
                'identity_level', 'member_id', 'person_id', 'is_left_censored',
                'first_contribution_on',
            ],
            'since': 'first_contribution_on',
        },
    },
}) }}

with periods as (
    select * from (
        {{ window_slices('year', days, ['all', 'community']) }}
    ) as windows
    where area = 'all' and {{ due('period_end') }}
),

systems as (
    select source, known_from from {{ ref('fct_role_source') }}
    union all
    select null as source, min(known_from) as known_from from {{ ref('fct_role_source') }}
),

generations as (
    select distinct
        identity_level,
        person_id,
        case
            when is_left_censored then 'before start of data'
            else
                year(first_contribution_on) - year(first_contribution_on) % 2
                || '-'
                || year(first_contribution_on) - year(first_contribution_on) % 2 + 1
        end as generation
    from {{ ref('dim_identity') }}
    where first_contribution_on is not null
),

leaders as (
    select
        roles.identity_level,
        roles.period_end,
        populations.population,
        roles.source,
        roles.person_id,
        roles.affiliation
    from {{ ref('fct_identity_leadership') }} as roles
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where roles.silent_days <= {{ days }}
),

active as (
    select
        identities.identity_level,
        periods.period_end,
        populations.population,
        facts.source,
        identities.person_id,
        facts.affiliation
    from (select distinct period_end from periods) as periods
    inner join {{ ref('fct_contribution') }} as facts
        on
            periods.period_end > facts.occurred_on
            and (periods.period_end - interval {{ days }} day)::date <= facts.occurred_on
    inner join {{ ref('dim_identity') }} as identities on facts.person_id = identities.member_id
    inner join {{ ref('dim_population') }} as populations using (affiliation)
),

members as (
    select 'leaders' as category, * from leaders
    union all
    select 'contributors' as category, * from active
),

counted as (
    select
        members.category,
        members.period_end,
        members.population,
        members.source,
        generations.generation,
        count(distinct members.person_id) filter (where members.identity_level = 'confirmed')
            as persons,
        count(distinct members.person_id) filter (where members.identity_level = 'probable')
            as probable_persons,
        count(distinct members.person_id) filter (
            where members.identity_level = 'confirmed' and members.affiliation = 'unknown'
        ) as unknown_persons
    from members
    inner join generations using (identity_level, person_id)
    group by
        members.category,
        members.period_end,
        members.population,
        grouping sets (
            (), (members.source), (generations.generation), (members.source, generations.generation)
        )
),

totals as (
    select * from counted where generation is null
),

splits as (
    select distinct category, period_end, source, generation
    from counted
    where generation is not null and persons > 0
    union
    select kinds.category, periods.period_end, systems.source, null
    from (select unnest(['leaders', 'contributors']) as category) as kinds
    cross join systems
    cross join (select distinct period_end from periods) as periods
    where systems.known_from is null or systems.known_from > periods.period_end::date
),

measured as (
    select
        periods.*,
        systems.source,
        splits.category,
        splits.generation,
        coalesce(systems.known_from <= periods.period_end::date, false) as are_roles_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(totals.persons, 0) as whole,
        coalesce(counted.probable_persons, 0) as probable_persons,
        coalesce(totals.probable_persons, 0) as probable_whole,
        totals.unknown_persons
    from periods
    cross join systems
    inner join splits
        on
            periods.period_end = splits.period_end
            and systems.source is not distinct from splits.source
    left join counted
        on
            splits.category = counted.category
            and splits.period_end = counted.period_end
            and periods.population = counted.population
            and splits.source is not distinct from counted.source
            and splits.generation = counted.generation
    left join totals
        on
            splits.category = totals.category
            and splits.period_end = totals.period_end
            and periods.population = totals.population
            and splits.source is not distinct from totals.source
),

judged as (
    select *, are_roles_known and status <> 'unavailable' as is_measured
    from measured
    where are_roles_known = (generation is not null)
)

select
    grain,
    period_start,
    period_end,
    source,
    'generation' as attribute,
    generation as attribute_value,
    category,
    population,

    case when is_measured then persons / nullif(whole, 0) end as value,
    case when is_measured then wilson_low(persons, whole) end as ci_low,
    case when is_measured then wilson_high(persons, whole) end as ci_high,
    case when is_measured and whole > 0 then probable_persons / nullif(probable_whole, 0) end
        as value_with_probable,
    case when is_measured then persons end::double as numerator,
    case when is_measured then whole end::double as denominator,
    case when is_measured then whole end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('persons', 'whole'),
                smaller_group('probable_persons', 'probable_whole')
            ) }}
    end as smallest_group,
    case when is_measured and population = 'community' then unknown_persons / nullif(whole, 0) end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when whole = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

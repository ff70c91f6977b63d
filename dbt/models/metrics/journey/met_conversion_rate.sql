-- From a first sign of interest (an account, a question, a topic, or a first contribution) to a
-- contribution within 90 days (D1), and on to regular or core activity at the end of a month within
-- a year (D2). D0, everybody with a first sign in the quarter, is known only where the source shows
-- signs before contributions; elsewhere the chain starts at D1. Where the source shows signs but
-- not when accounts were created, D0 lacks those who never did anything, and says so. Told a year
-- after the quarter's end.

{% set signs = ['sumo', 'discourse'] %}
with slices as (
    select
        whole.grain,
        whole.period_start,
        whole.period_end,
        sources.source,
        whole.population,
        case when sources.state = 'missing' then 'unavailable' else whole.status end as status,
        whole.is_source_missing,
        whole.is_newness_known
    from ({{ cohort_slices(['quarter'], ['all', 'community']) }}) as whole
    inner join (
        select grain, period_start, source, state from {{ ref('fct_source_period') }}
        where state <> 'not_begun'
        union all
        select distinct grain, period_start, 'all' as source, 'complete' as state
        from {{ ref('fct_source_period') }}
    ) as sources using (grain, period_start)
    where
        whole.area = 'all'
        and (
            whole.status = 'unavailable'
            or whole.period_end + to_days({{ var('parameters')['conversion_regular_days'] }})
            <= whole.known_until
        )
),

shown as (
    select person_id, source, min(occurred_on) as shown_on
    from {{ ref('fct_contribution') }}
    group by person_id, source
    union all
    select asker_id as person_id, 'sumo' as source, min(created_at)::date as shown_on
    from {{ ref('fct_support_question') }}
    where asker_id is not null and coalesce(set_aside_reason, '') <> 'spam'
    group by asker_id
    union all
    select person_id, source, min(created_on) as shown_on
    from {{ ref('dim_account') }}
    where person_id is not null and created_on is not null
    group by person_id, source
),

firsts as (
    select
        identities.identity_level,
        identities.person_id,
        identities.is_left_censored,
        shown.source,
        shown.shown_on
    from shown
    inner join {{ ref('dim_identity') }} as identities on shown.person_id = identities.member_id
    qualify
        row_number() over (
            partition by identities.identity_level, identities.person_id
            order by shown.shown_on, shown.source
        ) = 1
),

persons as (
    select
        firsts.identity_level,
        firsts.person_id,
        firsts.source,
        firsts.shown_on,
        date_trunc('quarter', firsts.shown_on) as period_start,
        coalesce(newcomers.affiliation, 'unknown') as affiliation,
        coalesce(newcomers.first_on - firsts.shown_on, 1000000)
        < {{ var('parameters')['conversion_contribution_days'] }} as is_contributor
    from firsts
    inner join {{ ref('dim_source') }} as sources using (source)
    left join {{ ref('fct_newcomer') }} as newcomers
        on
            firsts.identity_level = newcomers.identity_level
            and firsts.person_id = newcomers.person_id
    where
        not firsts.is_left_censored
        and (not sources.has_unknown_past or firsts.shown_on >= sources.newness_known_from)
),

grown as (
    select distinct
        persons.identity_level,
        persons.person_id
    from persons
    inner join {{ ref('fct_identity_level') }} as levels
        on
            persons.identity_level = levels.identity_level
            and persons.person_id = levels.person_id
            and levels.area = 'all'
            and levels.level in ('regular', 'core')
            and persons.shown_on < levels.period_end
            and levels.period_end::date - persons.shown_on
            < {{ var('parameters')['conversion_regular_days'] }}
    inner join {{ ref('dim_period') }} as months
        on levels.period_end = months.period_end and months.grain = 'month'
),

steps as (
    select
        persons.identity_level,
        persons.period_start,
        persons.source,
        populations.population,
        coalesce(countries.region, 'unknown') as region,
        coalesce(countries.is_backfilled, false) as is_region_backfilled,
        persons.affiliation = 'unknown' as is_affiliation_unknown,
        unnest([
            struct_pack(category := 'd1_d0', is_in := true, is_through := persons.is_contributor),
            struct_pack(
                category := 'd2_d1',
                is_in := persons.is_contributor,
                is_through := persons.is_contributor and grown.person_id is not null
            ),
            struct_pack(
                category := 'd2_d0',
                is_in := true,
                is_through := persons.is_contributor and grown.person_id is not null
            )
        ]) as step
    from persons
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    left join grown
        on
            persons.identity_level = grown.identity_level
            and persons.person_id = grown.person_id
    left join {{ ref('dim_identity_country') }} as countries
        on
            persons.identity_level = countries.identity_level
            and persons.person_id = countries.person_id
            and persons.period_start + interval 3 month > countries.seen_from
            and persons.period_start + interval 3 month <= countries.seen_until
),

counted as (
    select
        identity_level,
        period_start,
        coalesce(source, 'all') as source,
        population,
        region,
        step.category as category,
        count(*) as persons,
        count(*) filter (where step.is_through) as through,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) filter (where region <> 'unknown') as known_persons,
        bool_or(is_region_backfilled) as is_backfilled
    from steps
    where step.is_in
    group by
        identity_level, period_start, population, step.category,
        grouping sets ((), (source), (region), (source, region))
),

categories as (
    select
        slices.*,
        kinds.category,
        slices.source in (
            '{{ signs | join("', '") }}'
        )
        or kinds.category = 'd2_d1' as is_shown,
        kinds.category <> 'd2_d1' and tellers.source is null as are_accounts_missing
    from slices
    left join (
        select distinct source from {{ ref('dim_account') }} where created_on is not null
    ) as tellers using (source)
    cross join (select unnest(['d1_d0', 'd2_d1', 'd2_d0']) as category) as kinds
),

places as (
    select period_start, source, population, category, null as region from categories
    union all
    select period_start, source, population, category, region
    from counted
    where identity_level = 'confirmed' and region is not null
),

measured as (
    select
        categories.*,
        places.region,
        categories.status <> 'unavailable'
        and categories.is_newness_known
        and categories.is_shown as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.through, 0) as through,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.through, 0) as probable_through,
        counted.unknown_persons,
        counted.is_backfilled,
        case
            when places.region is not null
                then of_all_regions.known_persons / of_all_regions.persons
        end as coverage
    from categories
    inner join places using (period_start, source, population, category)
    left join counted
        on
            counted.identity_level = 'confirmed'
            and places.period_start = counted.period_start
            and places.source = counted.source
            and places.population = counted.population
            and places.category = counted.category
            and places.region is not distinct from counted.region
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and places.period_start = probable.period_start
            and places.source = probable.source
            and places.population = probable.population
            and places.category = probable.category
            and places.region is not distinct from probable.region
    left join counted as of_all_regions
        on
            of_all_regions.identity_level = 'confirmed'
            and places.period_start = of_all_regions.period_start
            and places.source = of_all_regions.source
            and places.population = of_all_regions.population
            and places.category = of_all_regions.category
            and of_all_regions.region is null
)

select
    grain,
    period_start,
    period_end,
    nullif(source, 'all') as source,
    region,
    category,
    population,

    case when is_measured then through / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(through, persons) end as ci_low,
    case when is_measured then wilson_high(through, persons) end as ci_high,
    case when is_measured and persons > 0 then probable_through / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then through end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('through', 'persons'),
                smaller_group('probable_through', 'probable_persons')
            ) }}
    end as smallest_group,
    case when is_measured then coverage end as coverage,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'accounts_not_shown': 'is_shown and are_accounts_missing',
        'first_signs_not_shown': 'not is_shown',
        'left_censored': 'not is_newness_known',
        'low_coverage': 'is_measured and coverage < ' ~ var('parameters')['region_coverage_floor'],
        'region_backfilled': 'is_measured and region is not null and is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured
where is_measured or region is null

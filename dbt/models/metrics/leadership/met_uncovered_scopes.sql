-- Locales (of Reps: countries) in which somebody of the community contributed to a system in the 90
-- days before the end of the month, but which nobody active leads there. A system whose leaders, or
-- what they lead, nobody wrote down cannot be told; that does not leave all its scopes uncovered.

{% set days = var('parameters')['leader_window_days'] %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_source_period': read_of_sources(['month', 'trailing_' ~ days ~ 'd']),
        'fct_contribution': {
            'rows': "
                select * from marts.fct_contribution where source in ('pontoon', 'reps', 'sumo')
            ",
            'columns': ['person_id', 'source', 'area', 'affiliation', 'locale', 'occurred_on'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': "occurred_on + interval " ~ days ~ " day",
        },
        'dim_identity': read_of_members(),
        'dim_identity_country': read_of_countries(),
        'fct_identity_leadership': read_at_end(
            ['identity_level', 'source', 'scope_type', 'scope', 'silent_days']
        ),
    },
}) }}

with listed as (
    select 'pontoon' as source, 'locale' as scope_type
    union all
    select 'reps' as source, 'country' as scope_type
    union all
    select 'sumo' as source, 'locale' as scope_type
),

systems as (
    select
        listed.*,
        case listed.scope_type
            when 'locale' then known.locales_known_from
            else known.countries_known_from
        end as known_from
    from listed
    left join {{ ref('fct_role_source') }} as known using (source)
),

periods as (
    select
        months.grain,
        months.period_start,
        months.period_end,
        systems.source,
        systems.scope_type,
        case
            when months.state = 'missing' or windows.state in ('missing', 'not_begun')
                then 'unavailable'
            when 'provisional' in (months.state, windows.state) then 'provisional'
            else 'complete'
        end as status,
        coalesce(systems.known_from <= months.period_end::date, false) as are_roles_known
    from {{ ref('fct_source_period') }} as months
    inner join systems using (source)
    inner join {{ ref('fct_source_period') }} as windows
        on
            months.source = windows.source
            and months.period_end = windows.period_end
            and windows.grain = 'trailing_{{ days }}d'
    where months.grain = 'month' and months.state <> 'not_begun' and {{ due('months.period_end') }}
),

acts as (
    select
        identities.identity_level,
        periods.period_end,
        periods.source,
        identities.person_id,
        case periods.scope_type when 'locale' then facts.locale else countries.country end as scope
    from periods
    inner join {{ ref('fct_contribution') }} as facts
        on
            periods.source = facts.source
            and periods.period_end > facts.occurred_on
            and (periods.period_end - interval {{ days }} day)::date <= facts.occurred_on
    inner join {{ ref('dim_population') }} as populations
        on
            facts.affiliation = populations.affiliation
            and populations.population = 'community'
    inner join {{ ref('dim_identity') }} as identities on facts.person_id = identities.member_id
    left join {{ ref('dim_identity_country') }} as countries
        on
            identities.identity_level = countries.identity_level
            and identities.person_id = countries.person_id
            and countries.seen_from < periods.period_end::date
            and countries.seen_until >= periods.period_end::date
    where not coalesce(facts.area = 'localization' and facts.locale = 'en-US', false)
),

covered as (
    select distinct identity_level, period_end, source, scope
    from {{ ref('fct_identity_leadership') }}
    where scope_type in ('locale', 'country') and silent_days <= {{ days }}
),

counted as (
    select
        acts.identity_level,
        acts.period_end,
        acts.source,
        count(distinct acts.scope) as scopes,
        count(distinct acts.scope) filter (where covered.scope is null) as uncovered,
        count(distinct acts.person_id) as persons,
        count(distinct acts.person_id) filter (where covered.scope is null) as uncovered_persons
    from acts
    left join covered using (identity_level, period_end, source, scope)
    where acts.scope is not null
    group by acts.identity_level, acts.period_end, acts.source
),

measured as (
    select
        periods.*,
        periods.are_roles_known and periods.status <> 'unavailable' as is_measured,
        coalesce(counted.scopes, 0) as scopes,
        coalesce(counted.uncovered, 0) as uncovered,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.uncovered_persons, 0) as uncovered_persons,
        coalesce(probable.uncovered, 0) as probable_uncovered,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.uncovered_persons, 0) as probable_uncovered_persons
    from periods
    left join counted
        on
            counted.identity_level = 'confirmed'
            and periods.period_end = counted.period_end
            and periods.source = counted.source
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and periods.period_end = probable.period_end
            and periods.source = probable.source
)

select
    grain,
    period_start,
    period_end,
    source,
    scope_type as category,

    case when is_measured then uncovered end::double as value,
    case when is_measured then probable_uncovered end::double as value_with_probable,
    case when is_measured then uncovered end::double as numerator,
    case when is_measured then scopes end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('uncovered_persons', 'persons'),
                smaller_group('probable_uncovered_persons', 'probable_persons')
            ) }}
    end as smallest_group,
    case when is_measured then status else 'unavailable' end as status,
    {{ flags_of({'roles_unknown': 'not are_roles_known'}) }} as flags
from measured

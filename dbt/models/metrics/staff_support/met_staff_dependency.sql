-- The share of scopes (locales of Pontoon and SUMO, components of Bugzilla) with at least ten
-- reviews or first responses in the 90 days before the end of the quarter in which staff gave at
-- least 80 % of them (`_all`: every one): the elephant factor, applied to the employer. Low: who is
-- unknown is a volunteer; high: is staff.

{% set window = var('parameters')['support_window_days'] %}
with bands as (
    select
        bands.category || limits.suffix as category,
        bands.counted_as_staff,
        limits.share
    from {{ affiliation_band() }} as bands
    cross join (
        select '' as suffix, {{ var('parameters')['staff_dependency_share'] }} as share
        union all
        select '_all' as suffix, 1.0 as share
    ) as limits
),

periods as (
    select periods.*, bands.*
    from ({{ item_periods(['question', 'suggestion', 'bug'], ['quarter']) }}) as periods
    cross join bands
),

acts as (
    select
        source,
        locale as scope,
        person_id,
        affiliation,
        occurred_at
    from {{ ref('fct_contribution') }}
    where event_type = 'translation_reviewed'
    union all
    select
        source,
        case when item_type = 'bug' then product || ' :: ' || component else locale end as scope,
        responder_id as person_id,
        responder_affiliation as affiliation,
        responded_at as occurred_at
    from {{ ref('fct_item') }}
    where
        item_type in ('question', 'bug')
        and set_aside_reason is null
        and is_responded
        and (item_type = 'question' or not {{ is_staff('opener_affiliation') }})
),

scoped as (
    select
        periods.period_start,
        periods.source,
        periods.category,
        acts.scope,
        count(*) as acts,
        count_if(list_contains(periods.counted_as_staff, acts.affiliation)) / count(*)
        >= any_value(periods.share) as is_dependent,
        list(distinct acts.person_id) as persons
    from periods
    inner join acts
        on
            periods.source = acts.source
            and acts.occurred_at >= periods.period_end - to_days({{ window }})
            and acts.occurred_at < periods.period_end
    where acts.scope is not null
    group by periods.period_start, periods.source, periods.category, acts.scope
    having count(*) >= {{ var('parameters')['staff_dependency_acts'] }}
),

counted as (
    select
        period_start,
        source,
        category,
        count(*) as scopes,
        count_if(is_dependent) as dependent,
        len(list_distinct(flatten(list(persons)))) as persons,
        coalesce(len(list_distinct(flatten(list(persons) filter (where is_dependent)))), 0)
            as dependent_persons
    from scoped
    group by period_start, source, category
),

breaks as (
    {{ broken_periods('staff_dependency', 'pontoon', 'quarter') }}
),

measured as (
    select
        periods.*,
        case when periods.source = 'pontoon' then breaks.break_flags end as break_flags,
        periods.state <> 'missing' as is_measured,
        coalesce(counted.scopes, 0) as scopes,
        coalesce(counted.dependent, 0) as dependent,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.dependent_persons, 0) as dependent_persons
    from periods
    left join counted using (period_start, source, category)
    left join breaks using (period_start)
)

select
    grain,
    period_start,
    period_end,
    source,
    category,

    case when is_measured then dependent / nullif(scopes, 0) end as value,
    case when is_measured then wilson_low(dependent, scopes) end as ci_low,
    case when is_measured then wilson_high(dependent, scopes) end as ci_high,
    case when is_measured then dependent end::double as numerator,
    case when is_measured then scopes end::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then {{ smaller_group('dependent_persons', 'persons') }} end
        as smallest_group,
    case
        when not is_measured then 'unavailable'
        when scopes = 0 then 'no_denominator'
        else state
    end as status,
    break_flags as flags
from measured

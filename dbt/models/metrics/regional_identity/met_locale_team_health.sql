-- How well a locale's team of people stands, from 0 to 100: managers 40, translators 30, active
-- contributors 12, all contributors 8, new people 10 (Pontoon's Community Health Score, its people
-- terms scaled to 100). A person is tested for the highest role held, and for the next lower one
-- when the threshold is missed; the three terms of contributors are independent. Where nobody's
-- roles are known the terms that need none are scaled to 100.

{% set thresholds = var('parameters')['team_health_thresholds'] %}
{% set weights = var('parameters')['team_health_weights'] %}
with slices as (
    select
        months.grain,
        months.period_start,
        months.period_end,
        windows.status,
        windows.is_source_missing,
        coalesce(known.known_from <= months.period_end::date, false) as are_roles_known
    from {{ ref('fct_area_period') }} as months
    inner join {{ ref('fct_area_period') }} as windows
        on months.period_end = windows.period_end and months.area = windows.area
    left join {{ ref('fct_role_source') }} as known on known.source = 'pontoon'
    where
        months.grain = 'month'
        and months.area = 'localization'
        and windows.grain = 'trailing_{{ var("parameters")["contributor_window_days"] }}d'
),

tested as (
    select
        people.*,
        people.is_manager and people.approved + people.reviewed > {{ thresholds.manager }}
            as counts_as_manager,
        (people.is_manager or people.is_translator)
        and people.approved + people.reviewed > {{ thresholds.translator }} as may_translate
    from {{ ref('fct_locale_team_year') }} as people
),

placed as (
    select
        *,
        may_translate and not counts_as_manager as counts_as_translator,
        not counts_as_manager and not may_translate as counts_as_contributor
    from tested
),

counted as (
    select
        period_end,
        locale,
        count(*) as persons,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        count(*) filter (where counts_as_manager) as managers,
        count(*) filter (where counts_as_translator) as translators,
        count(*) filter (
            where counts_as_contributor and approved >= {{ thresholds.active_contributor }}
        ) as active_contributors,
        count(*) filter (
            where counts_as_contributor and submitted >= {{ thresholds.contributor }}
        ) as contributors,
        count(*) filter (
            where counts_as_contributor and is_new and approved >= {{ thresholds.new_person }}
        ) as new_people
    from placed
    group by period_end, locale
),

seen as (
    select distinct locale from counted
),

measured as (
    select
        slices.*,
        seen.locale,
        coalesce(counted.persons, 0) as persons,
        counted.unknown_persons,
        {{ weights.manager }} * least(coalesce(counted.managers, 0), 1) as managers,
        {{ weights.translator }} * least(coalesce(counted.translators, 0), 2) / 2 as translators,
        {{ weights.active_contributor }} * least(coalesce(counted.active_contributors, 0), 2) / 2
        + {{ weights.contributor }} * least(coalesce(counted.contributors, 0), 2) / 2
        + {{ weights.new_person }} * least(coalesce(counted.new_people, 0), 2) / 2 as others
    from slices
    cross join seen
    left join counted
        on slices.period_end = counted.period_end and seen.locale = counted.locale
    where slices.status <> 'unavailable'
)

select
    grain,
    period_start,
    period_end,
    'localization' as area,
    locale,
    'community' as population,

    case
        when are_roles_known then managers + translators + others
        else
            100.0 * others
            / {{ weights.active_contributor + weights.contributor + weights.new_person }}
    end::double as value,
    null::double as numerator,
    null::double as denominator,
    persons,
    persons as smallest_group,
    unknown_persons / nullif(persons, 0) as unknown_affiliation_share,
    status,
    {{ flags_of({
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

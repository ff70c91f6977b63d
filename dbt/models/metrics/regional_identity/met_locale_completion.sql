-- How much of what there is to translate is translated, on each day on which it was seen: by
-- locale over all its projects, and by project over all its locales. The interface shows no locale
-- within a project, so that the list of key projects cannot be told by locale. A project that is
-- disabled drops out on that day: the locales' numbers step, and say so.

with snapshots as (
    select
        seen_on,
        locale,
        null as project,
        null as category,
        total_strings,
        complete_strings,
        is_project_disabled
    from {{ ref('fct_locale_snapshot') }}
    union all
    select
        seen_on,
        null as locale,
        project,
        null as category,
        total_strings,
        complete_strings,
        false as is_project_disabled
    from {{ ref('fct_project_snapshot') }}
    union all
    select distinct
        seen_on,
        null as locale,
        null as project,
        'key_projects' as category,
        null as total_strings,
        null as complete_strings,
        false as is_project_disabled
    from {{ ref('fct_locale_snapshot') }}
)

select
    'day' as grain,
    seen_on::timestamp as period_start,
    seen_on::timestamp as period_end,
    locale,
    project,
    category,

    complete_strings / nullif(total_strings, 0) as value,
    complete_strings::double as numerator,
    total_strings::double as denominator,
    null::bigint as persons,
    null::bigint as smallest_group,
    case
        when total_strings is null then 'unavailable'
        when total_strings = 0 then 'no_denominator'
        else 'complete'
    end as status,
    {{ flags_of({
        'all_projects': 'locale is not null',
        'not_offered': 'total_strings is null',
        'project_disabled': 'is_project_disabled',
    }) }} as flags
from snapshots

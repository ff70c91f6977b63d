-- Reps with an active report in the four weeks before the end of the month, of all who were Reps
-- for as long and did not tell to be away. Only the past counts; reports that an event writes do
-- not.

with periods as (
    select grain, period_start, period_end, state
    from {{ ref('fct_source_period') }}
    where source = 'reps' and grain = 'month' and state <> 'not_begun'
),

counted as (
    select
        period_end,
        country,
        count(*) as persons,
        count(*) filter (where reports > 0) as reporting,
        bool_or(is_survivor) as is_survivor
    from {{ ref('fct_rep_period') }}
    where not is_away
    group by period_end, grouping sets ((), (country))
    having grouping(country) = 1 or country is not null
),

splits as (
    select null as country
    union
    select country from counted
),

measured as (
    select
        periods.*,
        splits.country,
        periods.state <> 'missing' as is_measured,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.reporting, 0) as reporting,
        counted.is_survivor
    from periods
    cross join splits
    left join counted
        on
            periods.period_end = counted.period_end
            and splits.country is not distinct from counted.country
    where periods.state <> 'missing' or splits.country is null
)

select
    grain,
    period_start,
    period_end,
    country,

    case when is_measured then reporting / nullif(persons, 0) end as value,
    case when is_measured then wilson_low(reporting, persons) end as ci_low,
    case when is_measured then wilson_high(reporting, persons) end as ci_high,
    case when is_measured then reporting end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case when is_measured then {{ smaller_group('reporting', 'persons') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'source_missing': 'not is_measured',
        'survivorship': 'is_measured and is_survivor',
    }) }} as flags
from measured

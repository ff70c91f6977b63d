-- Of those who joined the Reps programme in a quarter, were new, and have a named mentor: the share
-- active between 90 and 180 days after their first contribution, minus the same of the others. It
-- describes, it does not explain: who seeks a mentor may be keener from the start.

{% set since, until = var('parameters')['mentee_retained_days'] %}
with periods as (
    select grain, period_start, period_end, state, is_newness_known
    from {{ ref('fct_source_period') }}
    where source = 'reps' and grain = 'quarter' and state <> 'not_begun'
),

horizon as (
    select watermark from {{ ref('dim_source') }} where source = 'reps'
),

newcomers as (
    select
        reps.person_id,
        date_trunc('quarter', persons.first_contribution_on)::timestamp as period_start,
        persons.first_contribution_on as first_on,
        bool_or(reps.has_mentor) as has_mentor
    from {{ ref('dim_rep') }} as reps
    inner join {{ ref('dim_person') }} as persons
        on
            reps.person_id = persons.person_id
            and not persons.is_left_censored
    where persons.first_contribution_on is not null
    group by reps.person_id, persons.first_contribution_on
),

retained as (
    select distinct newcomers.person_id
    from newcomers
    inner join {{ ref('fct_contributor_day') }} as days
        on
            newcomers.person_id = days.person_id
            and days.area = 'all'
            and days.occurred_on >= newcomers.first_on + {{ since }}
            and days.occurred_on < newcomers.first_on + {{ until }}
),

counted as (
    select
        newcomers.period_start,
        count_if(newcomers.has_mentor) as mentees,
        count_if(newcomers.has_mentor and retained.person_id is not null) as mentees_retained,
        count_if(not newcomers.has_mentor) as others,
        count_if(not newcomers.has_mentor and retained.person_id is not null) as others_retained
    from newcomers
    left join retained using (person_id)
    group by newcomers.period_start
),

measured as (
    select
        periods.*,
        coalesce(counted.mentees, 0) as mentees,
        coalesce(counted.mentees_retained, 0) as mentees_retained,
        coalesce(counted.others, 0) as others,
        coalesce(counted.others_retained, 0) as others_retained,
        newcombe(
            counted.mentees_retained, counted.mentees, counted.others_retained, counted.others
        ) as gap,
        periods.state <> 'missing'
        and periods.is_newness_known
        and coalesce(periods.period_end + interval {{ until }} day <= horizon.watermark, false)
            as is_measured
    from periods
    cross join horizon
    left join counted using (period_start)
)

select
    grain,
    period_start,
    period_end,
    'reps' as source,

    case when is_measured and mentees > 0 and others > 0 then gap.value end as value,
    case when is_measured and mentees > 0 and others > 0 then gap.low end as ci_low,
    case when is_measured and mentees > 0 and others > 0 then gap.high end as ci_high,
    case when is_measured then mentees_retained end::double as numerator,
    case when is_measured then mentees end::double as denominator,
    case when is_measured then mentees + others end::bigint as persons,
    case
        when is_measured
            then coalesce(least(
                nullif(mentees_retained, 0),
                nullif(others_retained, 0),
                nullif(mentees, 0),
                nullif(others, 0)
            ), 0)
    end::bigint as smallest_group,
    case
        when not is_measured then 'unavailable'
        when mentees = 0 or others = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'not_closed': "state <> 'missing' and is_newness_known and not is_measured",
        'nobody_without_mentor': 'is_measured and mentees > 0 and others = 0',
    }) }} as flags
from measured

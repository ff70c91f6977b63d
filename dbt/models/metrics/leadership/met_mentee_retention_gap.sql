-- Of those who joined the Reps programme in a quarter, were new, and have a named mentor: the share
-- active between 90 and 180 days after their first contribution, minus the same of the others. It
-- describes, it does not explain: who seeks a mentor may be keener from the start.

with periods as (
    select *
    from ({{ cohort_slices(['quarter'], ['all', 'community']) }}) as slices
    where slices.area = 'mobilizing'
),

mentored as (
    select
        identities.identity_level,
        identities.person_id,
        bool_or(reps.has_mentor) as has_mentor
    from {{ ref('dim_rep') }} as reps
    inner join {{ ref('dim_identity') }} as identities on reps.person_id = identities.member_id
    group by identities.identity_level, identities.person_id
),

newcomers as (
    select
        newcomers.identity_level,
        newcomers.person_id,
        date_trunc('quarter', newcomers.first_on)::timestamp as period_start,
        populations.population,
        newcomers.affiliation = 'unknown' as is_affiliation_unknown,
        mentored.has_mentor,
        windows.is_retained
    from {{ ref('fct_newcomer') }} as newcomers
    inner join mentored using (identity_level, person_id)
    inner join {{ ref('fct_newcomer_window') }} as windows using (identity_level, person_id)
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where windows.from_day = 90 and windows.to_day = 180
),

counted as (
    select
        identity_level,
        period_start,
        population,
        count_if(has_mentor) as mentees,
        count_if(has_mentor and is_retained) as mentees_retained,
        count_if(not has_mentor) as others,
        count_if(not has_mentor and is_retained) as others_retained,
        count_if(is_affiliation_unknown) as unknown_persons
    from newcomers
    group by identity_level, period_start, population
),

gaps as (
    select
        *,
        case
            when mentees > 0 and others > 0
                then newcombe(mentees_retained, mentees, others_retained, others)
        end as gap,
        {{ smaller_group(
            smaller_group('mentees_retained', 'mentees'), smaller_group('others_retained', 'others')
        ) }} as smallest_group
    from counted
),

measured as (
    select
        periods.*,
        coalesce(confirmed.mentees, 0) as mentees,
        coalesce(confirmed.mentees_retained, 0) as mentees_retained,
        coalesce(confirmed.others, 0) as others,
        confirmed.unknown_persons,
        confirmed.gap,
        probable.gap.value as value_with_probable,
        {{ smaller_group('confirmed.smallest_group', 'probable.smallest_group') }}
            as smallest_group,
        periods.status <> 'unavailable'
        and periods.is_newness_known
        and periods.period_end + to_days(180) <= periods.known_until as is_measured
    from periods
    left join gaps as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and periods.period_start = confirmed.period_start
            and periods.population = confirmed.population
    left join gaps as probable
        on
            probable.identity_level = 'probable'
            and periods.period_start = probable.period_start
            and periods.population = probable.population
)

select
    grain,
    period_start,
    period_end,
    'reps' as source,
    population,

    case when is_measured then gap.value end as value,
    case when is_measured then gap.low end as ci_low,
    case when is_measured then gap.high end as ci_high,
    case when is_measured and gap is not null then value_with_probable end as value_with_probable,
    case when is_measured then mentees_retained end::double as numerator,
    case when is_measured then mentees end::double as denominator,
    case when is_measured then mentees + others end::bigint as persons,
    case when is_measured then smallest_group end::bigint as smallest_group,
    case
        when is_measured and population = 'community'
            then unknown_persons / nullif(mentees + others, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when gap is null then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'not_closed': "status <> 'unavailable' and is_newness_known and not is_measured",
        'nobody_without_mentor': 'is_measured and mentees > 0 and others = 0',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

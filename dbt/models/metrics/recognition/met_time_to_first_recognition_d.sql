-- Days from the first contribution to the first recognition of those who began in a quarter: the
-- median of the Kaplan-Meier curve, formal and informal apart, as of the end of the last month that
-- is over. Who went silent stays at risk. Who was recognised before the first contribution we know
-- of is left out and flagged.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['quarter']),
    'reads': {
        'dim_period': read_at_any_date(
            ['grain', 'period_end'],
            rows="select 'month' as grain, max(period_end) as period_end"
                ~ " from marts.dim_period where grain = 'month'"
        ),
        'fct_area_period': read_of_areas(['quarter']),
        'dim_area_horizon': read_of_horizons(['quarter'], 0),
        'fct_recognition': read_at_any_date(
            ['person_id', 'is_formal', 'recognised_on'],
            rows="
                select * from marts.fct_recognition
                where
                    recognised_on
                    < (select max(period_end) from marts.dim_period where grain = 'month')
            "
        ),
        'dim_identity': {
            'columns': [
                'identity_level', 'member_id', 'person_id', 'first_contribution_on',
                'is_left_censored',
            ],
            'since': 'first_contribution_on',
            'until': end_of_quarter('first_contribution_on'),
        },
        'fct_contributor_day': {
            'columns': ['person_id', 'area', 'affiliation', 'occurred_on'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_quarter('occurred_on'),
        },
    },
}) }}

with quarters as (
    {{ cohort_slices(['quarter'], ['all', 'community'], only_due=true) }}
),

horizon as (
    select max(period_end)::date as ends_on from {{ ref('dim_period') }} where grain = 'month'
),

kinds as (
    select
        listed.category,
        listed.is_formal,
        min(recognitions.recognised_on) as known_from
    from (values ('formal', true), ('informal', false)) as listed (category, is_formal)
    left join {{ ref('fct_recognition') }} as recognitions using (is_formal)
    group by listed.category, listed.is_formal
),

firsts as (
    select
        identities.identity_level,
        identities.person_id,
        recognitions.is_formal,
        min(recognitions.recognised_on) as recognised_on
    from {{ ref('fct_recognition') }} as recognitions
    inner join {{ ref('dim_identity') }} as identities
        on recognitions.person_id = identities.member_id
    group by identities.identity_level, identities.person_id, recognitions.is_formal
),

cohort as (
    select
        date_trunc('quarter', days.occurred_on)::timestamp as period_start,
        days.area,
        populations.population,
        identities.identity_level,
        identities.person_id,
        days.occurred_on as first_on,
        bool_or(days.affiliation = 'unknown') as is_unknown
    from {{ ref('fct_contributor_day') }} as days
    inner join {{ ref('dim_identity') }} as identities
        on
            days.person_id = identities.member_id
            and days.occurred_on = identities.first_contribution_on
            and not identities.is_left_censored
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where {{ due(end_of_quarter('days.occurred_on')) }}
    group by
        days.occurred_on,
        days.area,
        populations.population,
        identities.identity_level,
        identities.person_id
),

followed as (
    select
        cohort.*,
        kinds.category,
        coalesce(firsts.recognised_on < cohort.first_on, false) as is_left_out,
        coalesce(firsts.recognised_on < horizon.ends_on, false) as is_recognised,
        date_diff(
            'day',
            cohort.first_on,
            case
                when firsts.recognised_on < horizon.ends_on then firsts.recognised_on
                else horizon.ends_on
            end
        )::double as days
    from cohort
    cross join kinds
    cross join horizon
    left join firsts
        on
            cohort.identity_level = firsts.identity_level
            and cohort.person_id = firsts.person_id
            and kinds.is_formal = firsts.is_formal
    where cohort.first_on < horizon.ends_on
),

counted as (
    select
        identity_level,
        period_start,
        area,
        population,
        category,
        count(*) filter (where not is_left_out) as persons,
        count(*) filter (where not is_left_out and is_recognised) as recognised,
        count(*) filter (where not is_left_out and is_unknown) as unknown_persons,
        count(*) filter (where is_left_out) as left_out,
        km_median(
            list(days order by days, is_recognised, person_id) filter (where not is_left_out),
            list(is_recognised order by days, is_recognised, person_id) filter (
                where not is_left_out
            )
        ) as km
    from followed
    group by identity_level, period_start, area, population, category
),

measured as (
    select
        quarters.*,
        kinds.category,
        coalesce(kinds.known_from < quarters.period_end::date, false) as is_recognition_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.recognised, 0) as recognised,
        coalesce(counted.left_out, 0) as left_out,
        counted.unknown_persons,
        counted.km,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.recognised, 0) as probable_recognised,
        probable.km as probable_km
    from quarters
    cross join kinds
    left join counted
        on
            counted.identity_level = 'confirmed'
            and quarters.period_start = counted.period_start
            and quarters.area = counted.area
            and quarters.population = counted.population
            and kinds.category = counted.category
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and quarters.period_start = probable.period_start
            and quarters.area = probable.area
            and quarters.population = probable.population
            and kinds.category = probable.category
),

judged as (
    select
        *,
        status <> 'unavailable' and is_newness_known and is_recognition_known as is_measured
    from measured
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    category,
    population,

    case when is_measured then km.median end as value,
    case when is_measured and km.median is not null then km.low end as ci_low,
    case when is_measured and km.median is not null then km.high end as ci_high,
    case when is_measured and km.median is not null then probable_km.median end
        as value_with_probable,
    case when is_measured then recognised end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('recognised', 'persons'),
                smaller_group('probable_recognised', 'probable_persons')
            ) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        when km.median is null then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'median_not_reached': 'is_measured and persons > 0 and km.median is null',
        'recognised_before': 'left_out > 0',
        'recognition_unknown': 'not is_recognition_known',
        'source_missing': 'is_source_missing',
    }) }} as flags
from judged

-- The share of those who began in a year who held a first leading role within one year, within two:
-- one minus the Kaplan-Meier curve, as of the end of the last month that is over. Days are whole:
-- within 365 of them is up to day 364. Who went silent stays at risk, for people come back. Who
-- already led at an unknown date is left out and flagged.

with years as (
    {{ cohort_slices(['year'], ['all', 'community']) }}
),

terms as (
    select unnest({{ var('parameters')['leadership_days'] }}) as days
),

horizon as (
    select max(period_end)::date as ends_on from {{ ref('dim_period') }} where grain = 'month'
),

roles_known as (
    select min(known_from) as known_from from {{ ref('fct_role_source') }}
),

firsts as (
    select
        identities.identity_level,
        identities.person_id,
        min(roles.valid_from) as led_on,
        bool_or(not roles.is_start_known) as is_start_unknown
    from {{ ref('fct_role') }} as roles
    inner join {{ ref('dim_identity') }} as identities on roles.person_id = identities.member_id
    where roles.is_leadership
    group by identities.identity_level, identities.person_id
),

cohort as (
    select distinct
        date_trunc('year', days.occurred_on)::timestamp as period_start,
        days.area,
        populations.population,
        identities.identity_level,
        identities.person_id,
        days.occurred_on as first_on,
        bool_or(days.affiliation = 'unknown') over (
            partition by identities.identity_level, identities.person_id
        ) as is_unknown
    from {{ ref('fct_contributor_day') }} as days
    inner join {{ ref('dim_identity') }} as identities
        on
            days.person_id = identities.member_id
            and days.occurred_on = identities.first_contribution_on
            and not identities.is_left_censored
    inner join {{ ref('dim_population') }} as populations using (affiliation)
),

followed as (
    select
        cohort.*,
        coalesce(countries.region, 'unknown') as region,
        coalesce(firsts.is_start_unknown, false) as is_left_out,
        coalesce(firsts.led_on < horizon.ends_on, false) as has_led,
        greatest(
            date_diff(
                'day',
                cohort.first_on,
                case
                    when firsts.led_on < horizon.ends_on then firsts.led_on
                    else horizon.ends_on
                end
            ),
            0
        )::double as days,
        date_diff('day', cohort.first_on, horizon.ends_on) as watched_days
    from cohort
    cross join horizon
    left join firsts using (identity_level, person_id)
    left join {{ ref('dim_identity_country') }} as countries
        on
            cohort.identity_level = countries.identity_level
            and cohort.person_id = countries.person_id
            and countries.seen_from < least(
                (cohort.period_start + interval 1 year)::date, horizon.ends_on
            )
            and countries.seen_until >= least(
                (cohort.period_start + interval 1 year)::date, horizon.ends_on
            )
    where cohort.first_on < horizon.ends_on
),

counted as (
    select
        identity_level,
        period_start,
        area,
        population,
        region,
        count(*) filter (where not is_left_out) as persons,
        count(*) filter (where not is_left_out and has_led) as led,
        count(*) filter (where not is_left_out and is_unknown) as unknown_persons,
        count(*) filter (where is_left_out) as left_out,
        max(watched_days) as watched_days,
        list(days order by days, has_led, person_id) filter (where not is_left_out) as durations,
        list(has_led order by days, has_led, person_id) filter (where not is_left_out) as observed
    from followed
    group by identity_level, period_start, area, population, grouping sets ((), (region))
),

splits as (
    select period_start, area, population, null as region from years
    union
    select period_start, area, population, region from counted where identity_level = 'confirmed'
),

measured as (
    select
        years.*,
        splits.region,
        terms.days,
        coalesce(roles_known.known_from < years.period_end::date, false) as are_roles_known,
        coalesce(counted.persons, 0) as persons,
        coalesce(counted.left_out, 0) as left_out,
        counted.unknown_persons,
        coalesce(counted.watched_days >= terms.days, false) as is_long_enough,
        len(list_filter(
            list_zip(counted.durations, counted.observed),
            lambda one: one[2] and one[1] < terms.days
        )) as led,
        case
            when counted.persons > 0
                then km_at(counted.durations, counted.observed, terms.days - 1)
        end as kept,
        coalesce(probable.persons, 0) as probable_persons,
        coalesce(probable.watched_days >= terms.days, false) as is_probable_long_enough,
        len(list_filter(
            list_zip(probable.durations, probable.observed),
            lambda one: one[2] and one[1] < terms.days
        )) as probable_led,
        case
            when probable.persons > 0
                then km_at(probable.durations, probable.observed, terms.days - 1)
        end as probable_kept
    from years
    cross join terms
    cross join roles_known
    inner join splits using (period_start, area, population)
    left join counted
        on
            counted.identity_level = 'confirmed'
            and splits.period_start = counted.period_start
            and splits.area = counted.area
            and splits.population = counted.population
            and splits.region is not distinct from counted.region
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and splits.period_start = probable.period_start
            and splits.area = probable.area
            and splits.population = probable.population
            and splits.region is not distinct from probable.region
    where splits.region is null or roles_known.known_from < years.period_end::date
),

judged as (
    select
        *,
        status <> 'unavailable' and is_newness_known and are_roles_known as is_known,
        status <> 'unavailable' and is_newness_known and are_roles_known and is_long_enough
            as is_measured
    from measured
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    days || 'd' as category,
    population,

    case when is_measured then 1 - kept.value end as value,
    case when is_measured then 1 - kept.high end as ci_low,
    case when is_measured then 1 - kept.low end as ci_high,
    case
        when is_measured and kept.value is not null and is_probable_long_enough
            then 1 - probable_kept.value
    end as value_with_probable,
    case when is_measured and persons > 0 then led end::double as numerator,
    case when is_known then persons end::double as denominator,
    case when is_known then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('led', 'persons'), smaller_group('probable_led', 'probable_persons')
            ) }}
        when is_known then {{ smaller_group('persons', 'probable_persons') }}
    end as smallest_group,
    case when is_known and population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when not is_known then 'unavailable'
        when persons = 0 then 'no_denominator'
        when not is_long_enough or kept.value is null then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'roles_unknown': 'not are_roles_known',
        'source_missing': 'is_source_missing',
        'start_unknown': 'left_out > 0',
        'too_young': 'is_known and persons > 0 and not is_long_enough',
    }) }} as flags
from judged

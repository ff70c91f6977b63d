-- How many days pass from a newcomer's first contribution to the first one in a second area:
-- Kaplan-Meier, because most have not added one by the reference date. The area is the one of the
-- first day.

with slices as (
    select * from ({{ cohort_slices(['year'], ['all', 'community']) }}) as slices
    where status = 'unavailable' or period_end <= known_until
),

counted as (
    select
        newcomers.identity_level,
        date_trunc('year', newcomers.first_on) as period_start,
        coalesce(newcomers.first_area, 'all') as area,
        populations.population,
        count(*) as persons,
        count(*) filter (where newcomers.has_second_area) as added,
        count(*) filter (where newcomers.affiliation = 'unknown') as unknown_persons,
        km_median(
            list(
                newcomers.second_area_after::double
                order by newcomers.second_area_after, newcomers.has_second_area
            ),
            list(
                newcomers.has_second_area
                order by newcomers.second_area_after, newcomers.has_second_area
            )
        ) as km
    from {{ ref('fct_newcomer') }} as newcomers
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where newcomers.second_area_after is not null
    group by
        newcomers.identity_level, date_trunc('year', newcomers.first_on), populations.population,
        grouping sets ((), (newcomers.first_area))
),

measured as (
    select
        slices.*,
        slices.status <> 'unavailable' and slices.is_newness_known as is_measured,
        coalesce(confirmed.persons, 0) as persons,
        coalesce(confirmed.added, 0) as added,
        confirmed.unknown_persons,
        confirmed.km,
        probable.km as km_with_probable,
        probable.persons as probable_persons,
        probable.added as probable_added
    from slices
    left join counted as confirmed
        on
            confirmed.identity_level = 'confirmed'
            and slices.period_start = confirmed.period_start
            and slices.area = confirmed.area
            and slices.population = confirmed.population
    left join counted as probable
        on
            probable.identity_level = 'probable'
            and slices.period_start = probable.period_start
            and slices.area = probable.area
            and slices.population = probable.population
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    population,

    case when is_measured then km.median end as value,
    case when is_measured and km.median is not null then km.low end as ci_low,
    case when is_measured and km.median is not null then km.high end as ci_high,
    case when is_measured and km.median is not null then km_with_probable.median end
        as value_with_probable,
    case when is_measured then added end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group(
                smaller_group('added', 'persons'),
                smaller_group('probable_added', 'probable_persons')
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
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

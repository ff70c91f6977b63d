-- Events started in a country in a year, for each 100 persons of that country who were active in
-- any area in the 365 days before its end (CHAOSS "Event Locations").

with years as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        populations.population,
        case
            when periods.state = 'missing' or windows.status = 'unavailable' then 'unavailable'
            when 'provisional' in (periods.state, windows.status) then 'provisional'
            else 'complete'
        end as status,
        windows.is_source_missing
    from {{ ref('fct_source_period') }} as periods
    inner join {{ ref('fct_area_period') }} as windows
        on
            periods.period_end = windows.period_end
            and windows.area = 'all'
            and windows.grain = 'trailing_{{ var("parameters")["contributor_window_days"] }}d'
    cross join (select unnest(['all', 'community']) as population) as populations
    where
        periods.source = 'reps'
        and periods.grain = 'year'
        and periods.state <> 'not_begun'
),

happened as (
    select
        date_trunc('year', starts_at) as period_start,
        country,
        count(*) as events,
        count(distinct owner_id) as owners
    from {{ ref('fct_event') }}
    where country is not null
    group by date_trunc('year', starts_at), country
),

active as (
    select
        windows.identity_level,
        years.period_start,
        years.population,
        countries.country,
        count(distinct windows.person_id) as persons,
        count(distinct windows.person_id) filter (where windows.is_affiliation_unknown)
            as unknown_persons,
        bool_or(countries.is_backfilled) as is_backfilled
    from years
    inner join {{ ref('fct_identity_window') }} as windows
        on
            years.period_end = windows.period_end
            and years.population = windows.population
            and windows.area = 'all'
    inner join {{ ref('dim_identity_country') }} as countries
        on
            windows.identity_level = countries.identity_level
            and windows.person_id = countries.person_id
            and countries.seen_from < years.period_end::date
            and countries.seen_until >= years.period_end::date
    group by windows.identity_level, years.period_start, years.population, countries.country
),

places as (
    select period_start, country from happened
    union
    select period_start, country from active
    where identity_level = 'confirmed'
),

measured as (
    select
        years.*,
        countries.region,
        places.country,
        years.status <> 'unavailable' as is_measured,
        coalesce(happened.events, 0) as events,
        coalesce(happened.owners, 0) as owners,
        coalesce(active.persons, 0) as persons,
        coalesce(probable.persons, 0) as probable_persons,
        active.unknown_persons,
        active.is_backfilled
    from years
    inner join places using (period_start)
    inner join {{ ref('dim_country') }} as countries using (country)
    left join happened using (period_start, country)
    left join active
        on
            active.identity_level = 'confirmed'
            and years.period_start = active.period_start
            and years.population = active.population
            and places.country = active.country
    left join active as probable
        on
            probable.identity_level = 'probable'
            and years.period_start = probable.period_start
            and years.population = probable.population
            and places.country = probable.country
)

select
    grain,
    period_start,
    period_end,
    region,
    country,
    population,

    case when is_measured then 100 * events / nullif(persons, 0) end as value,
    case when is_measured and persons > 0 then 100 * events / nullif(probable_persons, 0) end
        as value_with_probable,
    case when is_measured then events end::double as numerator,
    case when is_measured then persons end::double as denominator,
    case when is_measured then persons end as persons,
    case
        when is_measured
            then {{ smaller_group('owners', smaller_group('persons', 'probable_persons')) }}
    end as smallest_group,
    case
        when is_measured and population = 'community' then unknown_persons / nullif(persons, 0)
    end as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when persons = 0 then 'no_denominator'
        else status
    end as status,
    {{ flags_of({
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

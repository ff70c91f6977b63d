-- The contributor absence factor of a region or language community: the fewest persons who hold
-- half of its active days in the year before the end of a quarter. Ties are broken by id; any order
-- gives the same number.

{% set window = 'trailing_' ~ var('parameters')['contributor_window_days'] ~ 'd' %}
with slices as (
    select
        quarters.grain,
        quarters.period_start,
        quarters.period_end,
        windows.period_start as window_start,
        quarters.area,
        populations.population,
        windows.status,
        windows.is_source_missing
    from {{ ref('fct_area_period') }} as quarters
    inner join {{ ref('fct_area_period') }} as windows
        on quarters.period_end = windows.period_end and quarters.area = windows.area
    cross join (select unnest(['all', 'community']) as population) as populations
    where quarters.grain = 'quarter' and windows.grain = '{{ window }}'
),

ends as (
    select distinct period_end, window_start from slices
),

by_region as (
    select
        windows.identity_level,
        windows.period_end,
        windows.area,
        windows.population,
        persons.region,
        null::varchar as locale,
        windows.person_id,
        windows.active_days,
        windows.is_affiliation_unknown,
        persons.is_region_backfilled as is_backfilled
    from {{ ref('fct_identity_window') }} as windows
    inner join ends using (period_end)
    inner join {{ ref('fct_identity_level') }} as persons
        using (identity_level, person_id, area, period_end)
),

locale_months as (
    select
        identities.identity_level,
        identities.person_id,
        months.area,
        populations.population,
        months.locale,
        months.period_start,
        months.period_end,
        bit_or(months.day_bits) as day_bits,
        bool_or(months.affiliation = 'unknown') as is_affiliation_unknown
    from {{ ref('fct_contributor_locale_month') }} as months
    inner join {{ ref('dim_identity') }} as identities on months.person_id = identities.member_id
    inner join {{ ref('dim_population') }} as populations using (affiliation)
    where months.area <> 'all'
    group by
        identities.identity_level,
        identities.person_id,
        months.area,
        populations.population,
        months.locale,
        months.period_start,
        months.period_end
),

by_locale as (
    select
        months.identity_level,
        ends.period_end,
        months.area,
        months.population,
        null::varchar as region,
        months.locale,
        months.person_id,
        sum({{ days_within('months.day_bits', 'months.period_start', 'ends.window_start') }})
            as active_days,
        bool_or(months.is_affiliation_unknown) as is_affiliation_unknown,
        false as is_backfilled
    from ends
    inner join locale_months as months
        on months.period_end > ends.window_start and months.period_start < ends.period_end
    group by
        months.identity_level,
        ends.period_end,
        months.area,
        months.population,
        months.locale,
        months.person_id
    having active_days > 0
),

ranked as (
    select
        *,
        row_number() over by_share as place,
        sum(active_days) over by_share as running_total,
        sum(active_days) over slice as total
    from (
        select * from by_region
        union all
        select * from by_locale
    ) as persons
    window
        slice as (
            partition by identity_level, period_end, area, population, region, locale
        ),
        by_share as (
            partition by identity_level, period_end, area, population, region, locale
            order by active_days desc, person_id asc
        )
),

summed as (
    select
        identity_level,
        period_end,
        area,
        population,
        region,
        locale,
        count(*) as persons,
        count(*) filter (where is_affiliation_unknown) as unknown_persons,
        bool_or(is_backfilled) as is_backfilled,
        min(place) filter (
            where running_total >= {{ var('parameters')['absence_factor_share'] }} * total
        ) as factor
    from ranked
    group by identity_level, period_end, area, population, region, locale
),

places as (
    select distinct area, population, region, locale
    from summed
    where identity_level = 'confirmed'
),

measured as (
    select
        slices.*,
        places.region,
        places.locale,
        coalesce(summed.persons, 0) as persons,
        summed.unknown_persons,
        summed.is_backfilled,
        summed.factor,
        coalesce(probable.persons, 0) as probable_persons,
        probable.factor as probable_factor
    from slices
    inner join places using (area, population)
    left join summed
        on
            summed.identity_level = 'confirmed'
            and slices.period_end = summed.period_end
            and slices.area = summed.area
            and slices.population = summed.population
            and places.region is not distinct from summed.region
            and places.locale is not distinct from summed.locale
    left join summed as probable
        on
            probable.identity_level = 'probable'
            and slices.period_end = probable.period_end
            and slices.area = probable.area
            and slices.population = probable.population
            and places.region is not distinct from probable.region
            and places.locale is not distinct from probable.locale
    where slices.status <> 'unavailable'
)

select
    grain,
    period_start,
    period_end,
    nullif(area, 'all') as area,
    region,
    locale,
    population,

    case when persons >= {{ var('parameters')['min_persons'] }} then factor end::double as value,
    case
        when
            persons >= {{ var('parameters')['min_persons'] }}
            and probable_persons >= {{ var('parameters')['min_persons'] }}
            then probable_factor
    end::double as value_with_probable,
    null::double as numerator,
    null::double as denominator,
    persons,
    {{ smaller_group('persons', 'probable_persons') }} as smallest_group,
    case when population = 'community' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case
        when persons = 0 then 'no_denominator'
        when persons < {{ var('parameters')['min_persons'] }} then 'insufficient'
        else status
    end as status,
    {{ flags_of({
        'region_backfilled': 'is_backfilled',
        'source_missing': 'is_source_missing',
    }) }} as flags
from measured

-- How much of what mission-driven contributors do is not code: of their active days in the year,
-- the share without any contribution to it. Told, never asked for.

{% set least_months, least_days, least_areas = var('parameters')['mdm_persona']['headline'] %}
with slices as (
    {{ months_looking_back('all', var('parameters')['areas_window_days']) }}
),

counted as (
    select
        period_end,
        main_area,
        count(*) filter (where identity_level = 'confirmed') as persons,
        count(*)
        filter (where identity_level = 'confirmed' and is_affiliation_unknown) as unknown_persons,
        count(*)
        filter (where identity_level = 'confirmed' and non_code_days > 0) as non_code_persons,
        count(*) filter (where identity_level = 'probable') as persons_with_probable,
        sum(non_code_days) filter (where identity_level = 'confirmed') as non_code_days,
        sum(active_days) filter (where identity_level = 'confirmed') as active_days,
        sum(non_code_days) filter (where identity_level = 'probable')
        / sum(active_days) filter (where identity_level = 'probable') as share_with_probable
    from {{ ref('fct_identity_year') }}
    where
        population = 'community'
        and active_months >= {{ least_months }}
        and active_days >= {{ least_days }}
        and areas >= {{ least_areas }}
    group by period_end, grouping sets ((), (main_area))
),

seen as (
    select distinct main_area from counted
    union
    select null
),

measured as (
    select
        slices.*,
        seen.main_area,
        case when slices.status <> 'unavailable' then coalesce(counted.persons, 0) end as persons,
        case when slices.status <> 'unavailable' then coalesce(counted.active_days, 0) end
            as active_days,
        case when slices.status <> 'unavailable' then coalesce(counted.non_code_days, 0) end
            as non_code_days,
        case when slices.status <> 'unavailable' then counted.share_with_probable end
            as share_with_probable,
        counted.unknown_persons,
        counted.non_code_persons,
        counted.persons_with_probable
    from slices
    cross join seen
    left join counted
        on
            slices.period_end = counted.period_end
            and seen.main_area is not distinct from counted.main_area
    where slices.status <> 'unavailable' or seen.main_area is null
)

select
    grain,
    period_start,
    period_end,
    main_area as area,
    'community' as population,

    non_code_days / nullif(active_days, 0) as value,
    case when persons > 0 then share_with_probable end as value_with_probable,
    non_code_days::double as numerator,
    active_days::double as denominator,
    persons,
    case
        when status <> 'unavailable'
            then least(
                {{ smaller_group('persons', 'non_code_persons') }},
                coalesce(nullif(persons_with_probable, 0), persons)
            )
    end as smallest_group,
    case when status <> 'unavailable' then unknown_persons / nullif(persons, 0) end
        as unknown_affiliation_share,
    case when persons = 0 then 'no_denominator' else status end as status,
    {{ flags_of({'source_missing': 'is_source_missing'}) }} as flags
from measured

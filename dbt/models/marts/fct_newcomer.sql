-- One row an identity level and person whose first contribution is known to be the first: how they
-- began and how they went on, up to the reference date D (00:00 UTC of the day up to which all
-- areas are known).
--
-- Departure: the last active day before the first silence of more than 180 days, as far as it can
-- be known 180 days before D (D'); a later return does not undo it. Who began after D' has none.

{% set silence = var('parameters')['departure_silence_days'] %}
with horizon as (
    select
        cast(known_until as date) as reference_on,
        cast({{ dbt.dateadd('day', -silence, 'cast(known_until as date)') }} as date)
            as departures_until
    from {{ ref('dim_area_horizon') }}
    where area = 'all'
),

newcomers as (
    select distinct
        identity_level,
        person_id,
        first_contribution_on as first_on
    from {{ ref('dim_identity') }}
    where first_contribution_on is not null and not is_left_censored
),

ways as (
    select
        newcomers.identity_level,
        newcomers.person_id,
        min(newcomers.first_on) as first_on,
        min(
            case
                when
                    days.area <> 'all' and days.day_number = 1
                    and days.occurred_on = newcomers.first_on
                    then {{ area_place('days.area') }}
            end
        ) as first_area_position,
        min(case when days.area = 'all' and days.day_number = 1 then days.affiliation end)
            as affiliation,
        min(case when days.area = 'all' and days.day_number = 1 then days.next_on end) as second_on,
        min(
            case
                when
                    days.area <> 'all' and days.day_number = 1
                    and days.occurred_on > newcomers.first_on
                    then days.occurred_on
            end
        ) as added_area_on,
        count(
            distinct case when days.occurred_on = newcomers.first_on then days.area end
        ) as first_areas,
        min(
            case
                when
                    days.area = 'all'
                    and days.occurred_on < horizon.departures_until
                    and (
                        days.next_on is null
                        or {{ dbt.datediff('days.occurred_on', 'days.next_on', 'day') }}
                        > {{ silence }}
                    )
                    then days.occurred_on
            end
        ) as departed_on,
        min(horizon.reference_on) as reference_on,
        min(horizon.departures_until) as departures_until
    from newcomers
    inner join {{ ref('fct_active_day') }} as days
        on
            newcomers.identity_level = days.identity_level
            and newcomers.person_id = days.person_id
    cross join horizon
    group by newcomers.identity_level, newcomers.person_id
),

locales as (
    select
        newcomers.identity_level,
        newcomers.person_id,
        contributions.locale,
        row_number() over (
            partition by newcomers.identity_level, newcomers.person_id
            order by contributions.occurred_at, contributions.contribution_id
        ) as place
    from newcomers
    inner join {{ ref('dim_identity') }} as identities
        on
            newcomers.identity_level = identities.identity_level
            and newcomers.person_id = identities.person_id
    inner join {{ ref('fct_contribution') }} as contributions
        on
            identities.member_id = contributions.person_id
            and newcomers.first_on = contributions.occurred_on
    where contributions.locale is not null
),

-- Thanks for something done on the first day, soon enough to be felt as such.
acknowledged as (
    select distinct
        newcomers.identity_level,
        newcomers.person_id
    from newcomers
    inner join {{ ref('dim_identity') }} as identities
        on
            newcomers.identity_level = identities.identity_level
            and newcomers.person_id = identities.person_id
    inner join {{ ref('fct_acknowledgeable') }} as acts
        on
            identities.member_id = acts.person_id
            and newcomers.first_on = cast(acts.occurred_at as date)
    where
        acts.thanked_days < {{ var('parameters')['acknowledged_days'] }}
        or acts.solved_days < {{ var('parameters')['acknowledged_days'] }}
),

areas as (
    select distinct area, {{ area_place('area') }} as area_position
    from {{ ref('activity_types') }}
)

select
    ways.identity_level,
    ways.person_id,

    areas.area as first_area,
    locales.locale as first_locale,
    ways.affiliation,
    coalesce(at_first.region, 'unknown') as region,
    coalesce(at_first.is_backfilled, false) as is_region_backfilled,
    coalesce(after_90_days.region, 'unknown') as region_after_90_days,
    coalesce(after_90_days.is_backfilled, false) as is_region_after_90_days_backfilled,
    case
        when ways.second_on < ways.reference_on
            then {{ dbt.datediff('ways.first_on', 'ways.second_on', 'day') }}
        when ways.first_on < ways.reference_on
            then {{ dbt.datediff('ways.first_on', 'ways.reference_on', 'day') }}
    end as second_day_after,
    coalesce(ways.second_on < ways.reference_on, false) as has_second_day,
    case
        when ways.first_areas > 2 then 0
        when ways.added_area_on < ways.reference_on
            then {{ dbt.datediff('ways.first_on', 'ways.added_area_on', 'day') }}
        when ways.first_on < ways.reference_on
            then {{ dbt.datediff('ways.first_on', 'ways.reference_on', 'day') }}
    end as second_area_after,
    ways.first_areas > 2
    or coalesce(ways.added_area_on < ways.reference_on, false) as has_second_area,
    case
        when ways.first_on > ways.departures_until then null
        else {{ dbt.datediff(
            'ways.first_on', 'coalesce(ways.departed_on, ways.departures_until)', 'day'
        ) }}
    end as stayed_days,
    ways.departed_on is not null as has_departed,
    acknowledged.person_id is not null as is_acknowledged,

    ways.first_on
from ways
inner join areas on ways.first_area_position = areas.area_position
left join locales
    on
        ways.identity_level = locales.identity_level
        and ways.person_id = locales.person_id
        and locales.place = 1
left join acknowledged
    on
        ways.identity_level = acknowledged.identity_level
        and ways.person_id = acknowledged.person_id
left join {{ ref('dim_identity_country') }} as at_first
    on
        ways.identity_level = at_first.identity_level
        and ways.person_id = at_first.person_id
        and at_first.seen_from < cast(
            {{ dbt.dateadd('month', 1, dbt.date_trunc('month', 'ways.first_on')) }} as date
        )
        and at_first.seen_until >= cast(
            {{ dbt.dateadd('month', 1, dbt.date_trunc('month', 'ways.first_on')) }} as date
        )
left join {{ ref('dim_identity_country') }} as after_90_days
    on
        ways.identity_level = after_90_days.identity_level
        and ways.person_id = after_90_days.person_id
        and after_90_days.seen_from
        < cast({{ dbt.dateadd('day', 90, 'ways.first_on') }} as date)
        and after_90_days.seen_until
        >= cast({{ dbt.dateadd('day', 90, 'ways.first_on') }} as date)

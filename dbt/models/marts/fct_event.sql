-- One row an event of the Reps programme that has started, with the country where it was. Deleted
-- events are cancelled ones and not here; a place that matches no country name has no country.

with names as (
    select name, country from {{ ref('country_names') }}
    union
    select name, country from {{ ref('country_name_aliases') }}
)

select
    events.event_id,
    accounts.person_id as owner_id,

    names.country,
    coalesce(countries.region, 'unknown') as region,

    events.starts_at,
    events.ends_at
from {{ ref('stg_reps__events') }} as events
inner join {{ ref('dim_source') }} as sources on sources.source = 'reps'
left join names on {{ country_key('events.country_name') }} = names.name
left join {{ ref('countries') }} as countries on names.country = countries.country
left join {{ ref('int_identity__accounts') }} as accounts
    on
        accounts.source = 'reps'
        and events.owner_account = accounts.account
where
    events.starts_at >= sources.loaded_from
    and (sources.watermark is null or events.starts_at < sources.watermark)

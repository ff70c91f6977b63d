-- One row a person and day on which a declared country was seen. Codes and English names are
-- matched with the country table; what matches nothing is no declaration. On the same day Reps
-- comes before SUMO.

with names as (
    select name, country from {{ ref('country_names') }}
    union
    select name, country from {{ ref('country_name_aliases') }}
),

declared as (
    select 1 as place, 'reps' as source, account, declared_country, observed_at
    from {{ ref('stg_reps__person_versions') }}
    union all
    select 2 as place, 'sumo' as source, account, declared_country, observed_at
    from {{ ref('stg_sumo__user_versions') }}
)

select
    person_id,

    country,
    source,

    observed_on
from (
    select
        accounts.person_id,

        names.country,
        declared.source,

        cast(declared.observed_at as date) as observed_on,
        row_number() over (
            partition by accounts.person_id, cast(declared.observed_at as date)
            order by declared.place asc, declared.observed_at desc, names.country asc
        ) as place
    from declared
    inner join names on {{ country_key('declared.declared_country') }} = names.name
    inner join {{ ref('int_identity__accounts') }} as accounts
        on
            declared.source = accounts.source
            and declared.account = accounts.account
) as ranked
where place = 1

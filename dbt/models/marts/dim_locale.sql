-- One row a locale that a source or a kept file names: a language community, not a country.
-- Speakers are those that Pontoon's own record gives, null where it has none.

with named as (
    select locale from {{ ref('stg_pontoon__locales') }}
    union
    select locale from {{ ref('stg_sumo__locales') }}
    union
    select locale from {{ ref('stg_sumo__questions') }} where locale is not null
    union
    select locale from {{ ref('fct_contribution') }} where locale is not null
    union
    select scope from {{ ref('stg_curated__roles') }} where scope_type = 'locale'
    union
    select locale from {{ ref('stg_curated__goals') }} where locale is not null
),

parts as (
    select
        locale,
        lower({{ dbt.split_part('locale', "'-'", 1) }}) as language
    from named
)

select
    parts.locale,
    parts.language,

    coalesce(locales.name, languages.name, parts.locale) as name,
    languages.name as language_name,
    locales.script,
    locales.direction,
    nullif(locales.speakers, 0) as speakers
from parts
left join {{ ref('stg_pontoon__locales') }} as locales on parts.locale = locales.locale
left join {{ ref('languages') }} as languages on parts.language = languages.language

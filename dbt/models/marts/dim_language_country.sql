-- One row a language and country: the share of the country's people who speak it (CLDR).

select
    language,
    country,

    speaker_share,
    official_status
from {{ ref('language_countries') }}

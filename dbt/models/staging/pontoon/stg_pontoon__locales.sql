-- One row a locale of Pontoon, with its speakers as its record gives them.

with latest as (
    {{ latest('pontoon', 'locales') }}
)

select
    code as locale,

    name,
    direction,
    script,
    population as speakers
from latest

-- One row a language of SUMO, and whether questions can be asked in it.

with latest as (
    {{ latest('sumo', 'locales') }}
)

select
    code as locale,

    name,
    aaq_enabled as has_forum
from latest

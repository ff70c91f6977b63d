-- One row a wave: the time in which the survey was open, from starts_on to before ends_on.

with latest as (
    {{ latest('survey', 'waves') }}
)

select
    wave,

    starts_on,
    ends_on
from latest

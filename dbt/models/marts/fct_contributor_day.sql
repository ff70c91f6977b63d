-- One row a person, day, area and affiliation with at least one contribution: the unit of active
-- days. The area `all` stands for any area; a day active in two areas is one day there.

select
    person_id,
    occurred_on,
    area,
    affiliation,

    count(*) as contributions
from {{ ref('fct_contribution') }}
group by person_id, occurred_on, area, affiliation

union all

select
    person_id,
    occurred_on,
    'all' as area,
    affiliation,

    count(*) as contributions
from {{ ref('fct_contribution') }}
group by person_id, occurred_on, affiliation

-- One row a population and an affiliation it counts (catalogue 0.3).

select
    population,
    affiliation
from {{ ref('populations') }}

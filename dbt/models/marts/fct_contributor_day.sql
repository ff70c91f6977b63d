-- One row a person, day, area and affiliation with at least one contribution: the unit of active
-- days. The area `all` stands for any area; a day active in two areas is one day there.

{{ config(parts={
    'of': end_of_month('occurred_on'),
    'among': ends_of_months('marts.fct_contribution'),
    'reads': {
        'fct_contribution': {
            'columns': ['person_id', 'occurred_on', 'area', 'affiliation'],
            'by': ['occurred_on'],
            'since': 'occurred_on',
            'until': end_of_month('occurred_on'),
        },
    },
}) }}

select
    person_id,
    occurred_on,
    area,
    affiliation,

    count(*) as contributions
from {{ ref('fct_contribution') }}
where {{ due(end_of_month('occurred_on')) }}
group by person_id, occurred_on, area, affiliation

union all

select
    person_id,
    occurred_on,
    'all' as area,
    affiliation,

    count(*) as contributions
from {{ ref('fct_contribution') }}
where {{ due(end_of_month('occurred_on')) }}
group by person_id, occurred_on, affiliation

-- One row an identity level, person, end of a month D, area (`all`: any) and population: active
-- days in the year before D, and active months among the last 12. Windows end with a month, so that
-- sets of days by month are all it takes.

{% set grain = 'trailing_' ~ var('parameters')['contributor_window_days'] ~ 'd' %}
{{ config(parts={
    'of': 'period_end',
    'among': closed_ends([grain]),
    'reads': {
        'dim_period': read_of_period([grain]),
        'fct_identity_month': read_of_months(
            ['identity_level', 'person_id', 'area', 'affiliation', 'period_start', 'day_bits'],
            var('parameters')['contributor_window_days'],
        ),
    },
}) }}

with months as (
    select
        active.identity_level,
        active.person_id,
        active.area,
        populations.population,
        active.period_start,
        active.period_end,
        bit_or(active.day_bits) as day_bits,
        bit_or(case when active.affiliation = 'unknown' then active.day_bits else 0 end)
            as unknown_bits
    from {{ ref('fct_identity_month') }} as active
    inner join {{ ref('dim_population') }} as populations
        on active.affiliation = populations.affiliation
    group by
        active.identity_level,
        active.person_id,
        active.area,
        populations.population,
        active.period_start,
        active.period_end
),

counted as (
    select
        months.identity_level,
        months.person_id,
        months.area,
        months.population,
        periods.period_start,
        periods.period_end,
        {{ days_within('months.day_bits', 'months.period_start', 'periods.period_start') }}
            as active_days,
        {{ days_within('months.unknown_bits', 'months.period_start', 'periods.period_start') }}
            as unknown_days,
        case
            when months.period_start >= {{ dbt.dateadd('month', -12, 'periods.period_end') }} then 1
            else 0
        end as active_months
    from {{ ref('dim_period') }} as periods
    inner join months
        on
            months.period_end > periods.period_start
            and months.period_start < periods.period_end
    where periods.grain = '{{ grain }}' and {{ due('periods.period_end') }}
)

select
    identity_level,
    person_id,
    period_start,
    period_end,
    area,
    population,

    cast(sum(active_days) as bigint) as active_days,
    cast(sum(active_months) as bigint) as active_months,
    sum(unknown_days) > 0 as is_affiliation_unknown
from counted
group by identity_level, person_id, period_start, period_end, area, population
having sum(active_days) > 0

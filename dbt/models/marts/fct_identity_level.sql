-- One row an identity level, person, area (`all`: over all areas) and date D after their first
-- active day there: the activity level at D (catalogue 0.3). D is the end of every month, and for
-- flows between levels also the day 90 days before the end of every quarter. Affiliation is that of
-- the last active day before D, region and tenure are those of the person at D.

{% set window = var('parameters')['level_window_days'] %}
{% set third = var('parameters')['level_third_days'] %}
{% set ends -%}
    select *, period_end as d from marts.dim_period where grain = 'month'
    union all
    select *, period_end - interval {{ window }} day as d
    from marts.dim_period
    where grain = 'quarter'
{%- endset %}
{{ config(parts={
    'of': 'period_end',
    'among': "select d from (" ~ ends ~ ")",
    'reads': {
        'dim_period': {
            'rows': ends,
            'columns': ['grain', 'period_end'],
            'since': 'd - interval 1 day',
            'until': 'd',
        },
        'fct_active_day': {
            'columns': ['identity_level', 'person_id', 'area', 'occurred_on', 'affiliation'],
            'since': 'occurred_on',
            'until': 'next_on',
        },
        'fct_identity_month': read_of_months(
            ['identity_level', 'person_id', 'area', 'period_start', 'day_bits'], window
        ),
        'dim_identity': read_of_people(),
        'dim_identity_country': read_of_countries(),
    },
}) }}

with ends as (
    select period_end from {{ ref('dim_period') }} where grain = 'month'
    union
    select
        cast({{ dbt.dateadd('day', -window, 'period_end') }} as {{ dbt.type_timestamp() }})
            as period_end
    from {{ ref('dim_period') }}
    where grain = 'quarter'
),

dates as (
    select period_end from ends where {{ due('period_end') }}
),

lasts as (
    select
        ways.identity_level,
        ways.person_id,
        ways.area,
        dates.period_end,
        ways.occurred_on as last_active_on,
        ways.affiliation
    from {{ ref('fct_active_day') }} as ways
    inner join dates
        on
            ways.occurred_on < cast(dates.period_end as date)
            and coalesce(ways.next_on, cast('9999-12-31' as date)) >= cast(dates.period_end as date)
),

months as (
    select
        identity_level,
        person_id,
        area,
        period_start,
        period_end,
        bit_or(day_bits) as day_bits
    from {{ ref('fct_identity_month') }}
    group by identity_level, person_id, area, period_start, period_end
),

-- Days of a month from each of the four dates on that part the thirds.
days as (
    select
        dates.period_end,
        months.identity_level,
        months.person_id,
        months.area,
    {% for days in [0, third, 2 * third, window] %}
        {{ days_since(
            'months.day_bits', 'months.period_start', 'months.period_end',
            dbt.dateadd('day', -days, 'dates.period_end')
        ) }} as days_{{ days }}{{ ',' if not loop.last }}
    {% endfor %}
    from dates
    inner join months
        on
            months.period_end > {{ dbt.dateadd('day', -window, 'dates.period_end') }}
            and months.period_start < dates.period_end
),

summed as (
    select
        period_end,
        identity_level,
        person_id,
        area,
        cast(sum(days_{{ window }} - days_0) as bigint) as active_days,
        max(case when days_{{ third }} > days_0 then 1 else 0 end)
        + max(case when days_{{ 2 * third }} > days_{{ third }} then 1 else 0 end)
        + max(case when days_{{ window }} > days_{{ 2 * third }} then 1 else 0 end) as active_thirds
    from days
    group by period_end, identity_level, person_id, area
    having sum(days_{{ window }} - days_0) > 0
),

people as (
    {{ people_of_levels() }}
),

measured as (
    select
        lasts.identity_level,
        lasts.person_id,
        lasts.area,
        lasts.period_end,
        lasts.affiliation,
        lasts.last_active_on,
        coalesce(summed.active_days, 0) as active_days,
        coalesce(summed.active_thirds, 0) as active_thirds,
        {{ dbt.datediff('lasts.last_active_on', 'lasts.period_end', 'day') }} as silent_days,
        {{ dbt.datediff('people.first_contribution_on', 'lasts.period_end', 'day') }} as age_days,
        people.is_left_censored
    from lasts
    left join summed
        on
            lasts.identity_level = summed.identity_level
            and lasts.person_id = summed.person_id
            and lasts.area = summed.area
            and lasts.period_end = summed.period_end
    inner join people
        on
            lasts.identity_level = people.identity_level
            and lasts.person_id = people.person_id
)

select
    measured.identity_level,
    measured.person_id,
    measured.area,
    measured.period_end,

    measured.active_days,
    measured.active_thirds,
    case
        when
            measured.active_thirds = 3
            and measured.active_days >= {{ var('parameters')['core_active_days'] }}
            then 'core'
        when
            measured.active_thirds >= 2
            and measured.active_days >= {{ var('parameters')['regular_active_days'] }}
            then 'regular'
        when measured.active_days >= {{ var('parameters')['core_active_days'] }} then 'regular'
        when measured.active_days >= 1 then 'casual'
        when measured.silent_days <= {{ var('parameters')['inactive_after_days'] }} then 'drifting'
        else 'inactive'
    end as level,
    measured.affiliation,
    case
        when measured.age_days >= 1825 then '5+ y'
        when measured.is_left_censored then 'unknown'
        when measured.age_days >= 730 then '2-5 y'
        when measured.age_days >= 365 then '1-2 y'
        when measured.age_days >= 90 then '90-364 d'
        else '<90 d'
    end as tenure,
    coalesce(countries.region, 'unknown') as region,
    coalesce(countries.is_backfilled, false) as is_region_backfilled,
    measured.last_active_on
from measured
left join {{ ref('dim_identity_country') }} as countries
    on
        measured.identity_level = countries.identity_level
        and measured.person_id = countries.person_id
        and countries.seen_from < cast(measured.period_end as date)
        and countries.seen_until >= cast(measured.period_end as date)

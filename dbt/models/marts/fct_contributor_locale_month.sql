-- One row a person, month, locale, area (`all`: any) and affiliation with a contribution that has a
-- locale: on which days. English is the source of localization, not one of its locales.

with facts as (
    select
        person_id,
        locale,
        area,
        affiliation,
        occurred_on,
        {{ dbt.date_trunc('month', 'occurred_on') }} as month_start
    from {{ ref('fct_contribution') }}
    where locale is not null and not (area = 'localization' and locale = 'en-US')
),

months as (
    select
        person_id,
        month_start,
        locale,
        area,
        affiliation,
        bit_or({{ day_bit('occurred_on') }}) as day_bits
    from facts
    group by person_id, month_start, locale, area, affiliation
    union all
    select
        person_id,
        month_start,
        locale,
        'all' as area,
        affiliation,
        bit_or({{ day_bit('occurred_on') }}) as day_bits
    from facts
    group by person_id, month_start, locale, affiliation
)

select
    person_id,
    cast(month_start as {{ dbt.type_timestamp() }}) as period_start,
    cast({{ dbt.dateadd('month', 1, 'month_start') }} as {{ dbt.type_timestamp() }}) as period_end,
    locale,
    area,
    affiliation,

    day_bits
from months

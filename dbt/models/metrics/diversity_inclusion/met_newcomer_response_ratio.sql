-- How much longer newcomers wait for a first response than others: the Kaplan-Meier median of
-- their bugs, suggestions or topics of a quarter, divided by that of everybody else's. Beside it,
-- for both groups, what still waits after 72 hours; alone where a median is not reached.

{% set sides = {'newcomer': 'is_opener_newcomer', 'other': 'not is_opener_newcomer'} %}
{% set limit = var('parameters')['first_response_hours'] %}
with periods as (
    {{ item_periods(['bug', 'suggestion', 'topic'], ['quarter']) }}
),

items as (
    select *, date_trunc('quarter', opened_at) as period_start
    from {{ ref('fct_item') }}
    where item_type in ('bug', 'suggestion', 'topic') and set_aside_reason is null
),

counted as (
    select
        period_start,
        source,
        locale,
        count_if(is_opener_newcomer) as newcomer_items,
        count_if(not is_opener_newcomer) as other_items,
        count_if(is_opener_newcomer and waited_hours >= {{ limit }}) as newcomer_waiting,
        count_if(not is_opener_newcomer and waited_hours >= {{ limit }}) as other_waiting,
        count(distinct opener_id) filter (where is_opener_newcomer) as newcomers,
        count(distinct opener_id) filter (where not is_opener_newcomer) as others,
        {{ waiting_median(among='is_opener_newcomer') }}.median as newcomer_median,
        {{ waiting_median(among='not is_opener_newcomer') }}.median as other_median,
    {% for group, among in sides.items() %}
        km_at(
            list(waited_hours::double order by item_id) filter (where {{ among }}),
            list(is_responded order by item_id) filter (where {{ among }}),
            {{ limit }}
        ) as {{ group }}_open{{ ',' if not loop.last }}
    {% endfor %}
    from items
    group by period_start, source, grouping sets ((), (locale))
    having grouping(locale) = 1 or locale is not null
),

breaks as (
    {{ broken_periods('newcomer_response_ratio', 'pontoon', 'quarter') }}
),

measured as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.source,
        periods.state,
        periods.is_newness_known,
        periods.state <> 'missing' and periods.is_newness_known as is_measured,
        counted.* exclude (period_start, source),
        coalesce(counted.newcomers, 0) as newcomer_persons,
        coalesce(counted.others, 0) as other_persons,
        case when periods.source = 'pontoon' then breaks.break_flags end as break_flags
    from periods
    left join counted using (period_start, source)
    left join breaks using (period_start)
),

told as (
    select
        *,
        null as category,
        newcomer_median / nullif(other_median, 0) as told_value,
        null::double as told_low,
        null::double as told_high,
        newcomer_median as told_numerator,
        other_median as told_denominator,
        newcomer_persons + other_persons as told_persons,
        {{ smaller_group('newcomer_persons', 'other_persons') }} as told_group,
        coalesce(newcomer_items, 0) = 0
        or coalesce(other_items, 0) = 0
        or coalesce(other_median = 0, false)
            as has_no_denominator
    from measured
    {% for group in ['newcomer', 'other'] %}
        union all
        select
            *,
            '{{ group }}_open_at_72h' as category,
            {{ group }}_open.value as told_value,
            {{ group }}_open.low as told_low,
            {{ group }}_open.high as told_high,
            {{ group }}_waiting as told_numerator,
            {{ group }}_items as told_denominator,
            {{ group }}_persons as told_persons,
            {{ group }}_persons as told_group,
            coalesce({{ group }}_items, 0) = 0 as has_no_denominator
        from measured
    {% endfor %}
)

select
    grain,
    period_start,
    period_end,
    source,
    locale,
    category,

    case when is_measured and not has_no_denominator then told_value end as value,
    case when is_measured and not has_no_denominator then told_low end as ci_low,
    case when is_measured and not has_no_denominator then told_high end as ci_high,
    case when is_measured then told_numerator end::double as numerator,
    case when is_measured then told_denominator end::double as denominator,
    case when is_measured then told_persons end as persons,
    case when is_measured then told_group end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when has_no_denominator then 'no_denominator'
        when told_value is null then 'insufficient'
        else state
    end as status,
    {{ flags_of({
        'left_censored': 'not is_newness_known',
        'median_not_reached': 'is_measured and not has_no_denominator and told_value is null',
    }, 'break_flags') }} as flags
from told

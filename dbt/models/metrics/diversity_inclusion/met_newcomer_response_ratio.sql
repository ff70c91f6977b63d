-- How much longer newcomers wait for a first response than others: the Kaplan-Meier median of
-- their bugs, suggestions or topics of a quarter, divided by that of everybody else's in the
-- community. Beside it, for both groups, what still waits after 72 hours; alone where a median is
-- not reached.

{% set sides = {'newcomer': 'is_newcomer', 'other': 'not is_newcomer'} %}
{% set limit = var('parameters')['first_response_hours'] %}
-- Who is new is told over all areas.
with periods as (
    select
        every_period.* exclude (is_newness_known),
        whole.is_newness_known
    from ({{ item_periods(['bug', 'suggestion', 'topic'], ['quarter']) }}) as every_period
    inner join {{ ref('fct_area_period') }} as whole
        on
            every_period.grain = whole.grain
            and every_period.period_start = whole.period_start
            and whole.area = 'all'
),

-- Whose the item is, and so whether somebody new opened it, depends on the links between accounts.
items as (
    select
        levels.identity_level,
        items.item_id,
        items.source,
        items.locale,
        items.waited_hours,
        items.is_responded,
        items.opener_affiliation = 'unknown' as is_affiliation_unknown,
        coalesce(openers.person_id, items.opener_id) as opener_id,
        {{ is_newcomer('openers', 'items.opened_at') }} as is_newcomer,
        date_trunc('quarter', items.opened_at) as period_start
    from {{ ref('fct_item') }} as items
    inner join {{ ref('dim_population') }} as populations
        on
            items.opener_affiliation = populations.affiliation
            and populations.population = 'community'
    cross join {{ identity_levels() }} as levels
    left join {{ ref('dim_identity') }} as openers
        on
            levels.identity_level = openers.identity_level
            and items.opener_id = openers.member_id
    where items.item_type in ('bug', 'suggestion', 'topic') and items.set_aside_reason is null
),

counted as (
    select
        identity_level,
        period_start,
        source,
        locale,
        count_if(is_newcomer) as newcomer_items,
        count_if(not is_newcomer) as other_items,
        count_if(is_newcomer and waited_hours >= {{ limit }}) as newcomer_waiting,
        count_if(not is_newcomer and waited_hours >= {{ limit }}) as other_waiting,
        count(distinct opener_id) filter (where is_newcomer) as newcomers,
        count(distinct opener_id) filter (where not is_newcomer) as others,
        count(distinct opener_id) filter (where is_newcomer and is_affiliation_unknown)
            as newcomer_unknown,
        count(distinct opener_id) filter (where not is_newcomer and is_affiliation_unknown)
            as other_unknown,
        {{ waiting_median(among='is_newcomer') }}.median as newcomer_median,
        {{ waiting_median(among='not is_newcomer') }}.median as other_median,
    {% for group, among in sides.items() %}
        km_at(
            list(waited_hours::double order by item_id) filter (where {{ among }}),
            list(is_responded order by item_id) filter (where {{ among }}),
            {{ limit }}
        ) as {{ group }}_open{{ ',' if not loop.last }}
    {% endfor %}
    from items
    group by identity_level, period_start, source, grouping sets ((), (locale))
    having grouping(locale) = 1 or locale is not null
),

breaks as (
    {{ broken_periods('newcomer_response_ratio', 'pontoon', 'quarter') }}
),

measured as (
    select
        levels.identity_level,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.source,
        periods.state,
        periods.is_newness_known,
        periods.state <> 'missing' and periods.is_newness_known as is_measured,
        counted.* exclude (identity_level, period_start, source),
        coalesce(counted.newcomers, 0) as newcomer_persons,
        coalesce(counted.others, 0) as other_persons,
        case when periods.source = 'pontoon' then breaks.break_flags end as break_flags
    from periods
    cross join {{ identity_levels() }} as levels
    left join counted
        on
            levels.identity_level = counted.identity_level
            and periods.period_start = counted.period_start
            and periods.source = counted.source
    left join breaks on periods.period_start = breaks.period_start
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
        newcomer_unknown + other_unknown as told_unknown,
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
            {{ group }}_unknown as told_unknown,
            {{ group }}_persons as told_group,
            coalesce({{ group }}_items, 0) = 0 as has_no_denominator
        from measured
    {% endfor %}
),

sided as (
    select
        confirmed.*,
        case when not probable.has_no_denominator then probable.told_value end as probable_value,
        probable.told_group as probable_group
    from told as confirmed
    inner join told as probable
        on
            probable.identity_level = 'probable'
            and confirmed.period_start = probable.period_start
            and confirmed.source = probable.source
            and confirmed.locale is not distinct from probable.locale
            and confirmed.category is not distinct from probable.category
    where confirmed.identity_level = 'confirmed'
)

select
    grain,
    period_start,
    period_end,
    source,
    locale,
    category,
    'community' as population,

    case when is_measured and not has_no_denominator then told_value end as value,
    case when is_measured and not has_no_denominator then told_low end as ci_low,
    case when is_measured and not has_no_denominator then told_high end as ci_high,
    case
        when is_measured and not has_no_denominator and told_value is not null then probable_value
    end as value_with_probable,
    case when is_measured then told_numerator end::double as numerator,
    case when is_measured then told_denominator end::double as denominator,
    case when is_measured then told_persons end as persons,
    case when is_measured then {{ smaller_group('told_group', 'probable_group') }} end
        as smallest_group,
    case when is_measured then told_unknown / nullif(told_persons, 0) end
        as unknown_affiliation_share,
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
from sided

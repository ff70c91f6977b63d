-- How old the suggestions are on which no verdict of any kind fell before the end of the month:
-- median and 90th percentile of their age there. Fewer than five have neither.

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_source_period': read_of_sources(['month']),
        'dim_source': read_at_any_date(['source', 'has_unknown_past']),
        'fct_item': {
            'rows': "select * from marts.fct_item where item_type = 'suggestion'",
            'columns': [
                'item_type', 'set_aside_reason', 'locale', 'opener_id', 'opened_at', 'settled_at',
            ],
            'since': 'opened_at',
            'until': 'settled_at',
        },
    },
}) }}

with periods as (
    select
        periods.*,
        pontoon.has_unknown_past
    from ({{ item_periods(['suggestion'], ['month']) }}) as periods
    inner join {{ ref('dim_source') }} as pontoon on periods.source = pontoon.source
    where {{ due('periods.period_end') }}
),

waiting as (
    select
        periods.period_start,
        suggestions.locale,
        suggestions.opener_id,
        date_diff('microsecond', suggestions.opened_at, periods.period_end) / 86400e6 as age_days
    from periods
    inner join {{ ref('fct_item') }} as suggestions
        on
            suggestions.item_type = 'suggestion'
            and suggestions.set_aside_reason is null
            and periods.period_end > suggestions.opened_at
            and periods.period_end <= coalesce(suggestions.settled_at, timestamp '9999-12-31')
),

counted as (
    select
        period_start,
        locale,
        count(*) as suggestions,
        count(distinct opener_id) as authors,
        median_limits(list(age_days order by age_days)) as middle,
        quantile_cont(age_days, 0.9) as oldest_tenth
    from waiting
    group by period_start, grouping sets ((), (locale))
),

breaks as (
    {{ broken_periods('unreviewed_suggestion_age_d', 'pontoon', 'month') }}
),

measured as (
    select
        periods.*,
        periods.state <> 'missing' as is_measured,
        counted.locale,
        coalesce(counted.suggestions, 0) as suggestions,
        coalesce(counted.authors, 0) as authors,
        coalesce(counted.suggestions, 0)
        >= {{ var('parameters')['unreviewed_suggestions_needed'] }} as is_enough,
        counted.middle,
        counted.oldest_tenth,
        breaks.break_flags
    from periods
    left join counted using (period_start)
    left join breaks using (period_start)
),

told as (
    select
        *,
        'median' as category,
        middle.median as told_value,
        middle.low as told_low,
        middle.high as told_high
    from measured
    union all
    select
        *,
        'p90' as category,
        oldest_tenth as told_value,
        null as told_low,
        null as told_high
    from measured
    where is_enough
)

select
    grain,
    period_start,
    period_end,
    locale,
    category,

    case when is_measured and is_enough then told_value end as value,
    case when is_measured and is_enough then told_low end as ci_low,
    case when is_measured and is_enough then told_high end as ci_high,
    null::double as numerator,
    case when is_measured then suggestions end::double as denominator,
    case when is_measured then authors end as persons,
    case when is_measured then authors end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when suggestions = 0 then 'no_denominator'
        when not is_enough then 'insufficient'
        else state
    end as status,
    {{ flags_of({'history_missing': 'has_unknown_past'}, 'break_flags') }} as flags
from told

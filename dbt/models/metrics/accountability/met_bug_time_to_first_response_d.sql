-- Days from filing a bug to the first comment or counted field change by a person who is not the
-- reporter: Kaplan-Meier median, open bugs censored at the watermark, all at a year; also for
-- newcomers and for the others apart (CHAOSS "Issue Response Time").

{{ config(parts={
    'of': 'period_end',
    'among': closed_ends(['month']),
    'reads': {
        'fct_area_period': read_of_areas(['month']),
        'fct_source_period': read_of_sources(['month']),
        'dim_source': read_at_any_date(['source']),
        'fct_item': {
            'rows': "select * from marts.fct_item where item_type = 'bug'",
            'columns': [
                'item_id', 'item_type', 'set_aside_reason', 'product', 'is_opener_newcomer',
                'opener_id', 'responder_id', 'is_responded', 'waited_hours', 'opened_at',
            ],
            'since': 'opened_at',
            'until': end_of_month('opened_at'),
        },
    },
}) }}

-- Who is new is told over all areas.
with periods as (
    select
        every_period.* exclude (is_newness_known),
        whole.is_newness_known
    from ({{ item_periods(['bug'], ['month']) }}) as every_period
    inner join {{ ref('fct_area_period') }} as whole
        on
            every_period.grain = whole.grain
            and every_period.period_start = whole.period_start
            and whole.area = 'all'
    where {{ due('every_period.period_end') }}
),

bugs as (
    select
        *,
        date_trunc('month', opened_at) as period_start,
        case when is_opener_newcomer then 'newcomer' else 'other' end as tenure
    from {{ ref('fct_item') }}
    where
        item_type = 'bug'
        and set_aside_reason is null
        and {{ due(end_of_month('opened_at')) }}
),

counted as (
    select
        period_start,
        product,
        tenure,
        count(*) as bugs,
        count_if(is_responded) as responded,
        count(distinct opener_id) as reporters,
        count(distinct responder_id) filter (where is_responded) as responders,
        {{ waiting_median(24) }} as km
    from bugs
    group by period_start, grouping sets ((), (product), (tenure), (product, tenure))
    having grouping(product) = 1 or product is not null
),

measured as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.state,
        periods.state <> 'missing'
        and (counted.tenure is null or periods.is_newness_known) as is_measured,
        counted.tenure is not null and not periods.is_newness_known as is_newness_missing,
        counted.product,
        counted.tenure,
        coalesce(counted.bugs, 0) as bugs,
        coalesce(counted.responded, 0) as responded,
        coalesce(counted.reporters, 0) as reporters,
        coalesce(counted.responders, 0) as responders,
        counted.km
    from periods
    left join counted using (period_start)
)

select
    grain,
    period_start,
    period_end,
    product,
    tenure,

    case when is_measured then km.median end as value,
    case when is_measured and km.median is not null then km.low end as ci_low,
    case when is_measured and km.median is not null then km.high end as ci_high,
    case when is_measured then responded end::double as numerator,
    case when is_measured then bugs end::double as denominator,
    case when is_measured then reporters end as persons,
    case when is_measured then {{ smaller_group('reporters', 'responders') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when bugs = 0 then 'no_denominator'
        when km.median is null then 'insufficient'
        else state
    end as status,
    {{ flags_of({
        'left_censored': 'is_newness_missing',
        'median_not_reached': 'is_measured and bugs > 0 and km.median is null',
    }) }} as flags
from measured

-- How many hours longer a first response takes when staff give it than when others do: the
-- difference of two cause-specific Kaplan-Meier medians of a quarter's questions, bugs and topics.
-- In the curve of staff an item that somebody else answered first is censored at that instant, and
-- the other way round; open items are censored in both. Low, and where nothing else is said: who is
-- unknown is a volunteer; high: is staff.

with periods as (
    {{ item_periods(['question', 'bug', 'topic'], ['quarter']) }}
),

items as (
    select
        facts.*,
        bands.category as band,
        date_trunc('quarter', facts.opened_at) as period_start,
        facts.is_responded
        and list_contains(bands.counted_as_staff, facts.responder_affiliation) as is_by_staff,
        facts.is_responded
        and not list_contains(bands.counted_as_staff, facts.responder_affiliation)
            as is_by_volunteer
    from {{ ref('fct_item') }} as facts
    cross join {{ affiliation_band() }} as bands
    where
        item_type in ('question', 'bug', 'topic')
        and set_aside_reason is null
        and (item_type = 'question' or not {{ is_staff('opener_affiliation') }})
),

counted as (
    select
        period_start,
        source,
        band,
        count(*) as items,
        count(distinct opener_id) as openers,
        {{ waiting_median(observed='coalesce(is_by_staff, false)') }} as staff_km,
        {{ waiting_median(observed='coalesce(is_by_volunteer, false)') }} as volunteer_km,
        count(*) filter (where is_by_staff) as staff_responses,
        count(*) filter (where is_by_volunteer) as volunteer_responses,
        count(distinct responder_id) filter (where is_by_staff) as staff_persons,
        count(distinct responder_id) filter (where is_by_volunteer) as volunteer_persons
    from items
    group by period_start, source, band
),

measured as (
    select
        periods.*,
        bands.category as band,
        periods.state <> 'missing' as is_measured,
        counted.* exclude (period_start, source, band)
    from periods
    cross join {{ affiliation_band() }} as bands
    left join counted
        on
            periods.period_start = counted.period_start
            and periods.source = counted.source
            and bands.category = counted.band
),

-- The difference as it is told, and both ends of it.
differences as (
    select
        *,
        unnest(case when band = 'low' then [null, band] else [band] end) as category
    from measured
),

told as (
    select
        *,
        staff_km.median - volunteer_km.median as told_value,
        null::double as told_low,
        null::double as told_high,
        null::bigint as told_numerator,
        null::bigint as told_denominator,
        {{ smaller_group('staff_persons', 'volunteer_persons') }} as told_group
    from differences
    {% for side in ['staff', 'volunteer'] %}
        union all
        select
            *,
            case when band = 'low' then '{{ side }}' else '{{ side }}_high' end as category,
            {{ side }}_km.median as told_value,
            {{ side }}_km.low as told_low,
            {{ side }}_km.high as told_high,
            {{ side }}_responses as told_numerator,
            items as told_denominator,
            {{ smaller_group(side ~ '_persons', 'openers') }} as told_group
        from measured
    {% endfor %}
)

select
    grain,
    period_start,
    period_end,
    source,
    category,

    case when is_measured then told_value end as value,
    case when is_measured and told_value is not null then told_low end as ci_low,
    case when is_measured and told_value is not null then told_high end as ci_high,
    case when is_measured then told_numerator end::double as numerator,
    case when is_measured then told_denominator end::double as denominator,
    case when is_measured then coalesce(openers, 0) end as persons,
    case when is_measured then told_group end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when coalesce(items, 0) = 0 then 'no_denominator'
        when told_value is null then 'insufficient'
        else state
    end as status,
    {{ flags_of({
        'median_not_reached': 'is_measured and items > 0 and told_value is null',
    }) }} as flags
from told

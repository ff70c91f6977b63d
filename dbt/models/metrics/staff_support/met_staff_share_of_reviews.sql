-- The share of a month's explicit reviews of translations that staff gave. Low: who is unknown is a
-- volunteer; high: is staff. Where a source never showed a review, nothing can be told. Reviews of
-- the knowledge base are in no public source.

with periods as (
    select periods.*, bands.*, shown.reviews > 0 as are_reviews_shown
    from ({{ item_periods(['suggestion'], ['month']) }}) as periods
    cross join {{ affiliation_band() }} as bands
    cross join (
        select count(*) as reviews
        from {{ ref('fct_contribution') }}
        where event_type = 'translation_reviewed'
    ) as shown
),

counted as (
    select
        date_trunc('month', reviews.occurred_at) as period_start,
        bands.category,
        reviews.locale,
        count(*) as reviews,
        count_if(list_contains(bands.counted_as_staff, reviews.affiliation)) as staff_reviews,
        count(distinct reviews.person_id) as reviewers,
        count(distinct reviews.person_id) filter (
            where list_contains(bands.counted_as_staff, reviews.affiliation)
        ) as staff,
        count(distinct reviews.person_id) filter (where reviews.affiliation = 'unknown')
            as unknown_persons
    from {{ ref('fct_contribution') }} as reviews
    cross join {{ affiliation_band() }} as bands
    where reviews.event_type = 'translation_reviewed'
    group by
        date_trunc('month', reviews.occurred_at),
        bands.category,
        grouping sets ((), (reviews.locale))
    having grouping(reviews.locale) = 1 or reviews.locale is not null
),

breaks as (
    {{ broken_periods('staff_share_of_reviews', 'pontoon', 'month') }}
),

measured as (
    select
        periods.*,
        counted.locale,
        periods.state <> 'missing' and periods.are_reviews_shown as is_measured,
        coalesce(counted.reviews, 0) as reviews,
        coalesce(counted.staff_reviews, 0) as staff_reviews,
        coalesce(counted.reviewers, 0) as reviewers,
        coalesce(counted.staff, 0) as staff,
        counted.unknown_persons,
        breaks.break_flags
    from periods
    left join counted using (period_start, category)
    left join breaks using (period_start)
)

select
    grain,
    period_start,
    period_end,
    locale,
    category,

    case when is_measured then staff_reviews / nullif(reviews, 0) end as value,
    case when is_measured then wilson_low(staff_reviews, reviews) end as ci_low,
    case when is_measured then wilson_high(staff_reviews, reviews) end as ci_high,
    case when is_measured then staff_reviews end::double as numerator,
    case when is_measured then reviews end::double as denominator,
    case when is_measured then reviewers end as persons,
    case when is_measured then {{ smaller_group('staff', 'reviewers') }} end as smallest_group,
    case when is_measured then unknown_persons / nullif(reviewers, 0) end
        as unknown_affiliation_share,
    case
        when not is_measured then 'unavailable'
        when reviews = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({'reviews_missing': 'not are_reviews_shown'}, 'break_flags') }} as flags
from measured

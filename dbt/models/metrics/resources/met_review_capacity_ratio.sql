-- Explicit reviews by others for each suggestion submitted in the month: above 1 the backlog
-- shrinks. Where a source never showed a review, the number cannot be told; that is not 0.

with periods as (
    select grain, period_start, period_end, state
    from {{ ref('fct_source_period') }}
    where source = 'pontoon' and grain = 'month' and state <> 'not_begun'
),

acts as (
    select
        date_trunc('month', occurred_at) as period_start,
        locale,
        project,
        person_id,
        'submitted' as act
    from {{ ref('fct_translation_submission') }}
    where not is_direct
    union all
    select
        date_trunc('month', occurred_at) as period_start,
        locale,
        project,
        person_id,
        case
            when is_by_other then 'reviewed'
            when not is_author_known then 'author_unknown'
            else 'own'
        end as act
    from {{ ref('fct_translation_review') }}
),

counted as (
    select
        period_start,
        locale,
        project,
        count_if(act = 'submitted') as submitted,
        count_if(act = 'reviewed') as reviewed,
        count(distinct person_id) filter (where act = 'submitted') as submitters,
        count(distinct person_id) filter (where act = 'reviewed') as reviewers,
        bool_or(act = 'author_unknown') as has_unknown_authors
    from acts
    group by period_start, grouping sets ((), (locale), (project), (locale, project))
),

slices as (
    select period_start, null as locale, null as project from periods
    union
    select period_start, locale, project from counted
),

breaks as (
    {{ broken_periods('review_capacity_ratio', 'pontoon', 'month') }}
),

measured as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.state,
        slices.locale,
        slices.project,
        periods.state <> 'missing' and shown.reviews > 0 as is_measured,
        shown.reviews = 0 as are_reviews_missing,
        coalesce(counted.submitted, 0) as submitted,
        coalesce(counted.reviewed, 0) as reviewed,
        coalesce(counted.submitters, 0) as submitters,
        coalesce(counted.reviewers, 0) as reviewers,
        counted.has_unknown_authors,
        breaks.break_flags
    from periods
    cross join (select count(*) as reviews from {{ ref('fct_translation_review') }}) as shown
    inner join slices using (period_start)
    left join counted
        on
            slices.period_start = counted.period_start
            and slices.locale is not distinct from counted.locale
            and slices.project is not distinct from counted.project
    left join breaks on periods.period_start = breaks.period_start
    where shown.reviews > 0 or (slices.locale is null and slices.project is null)
)

select
    grain,
    period_start,
    period_end,
    locale,
    project,

    case when is_measured then reviewed / nullif(submitted, 0) end as value,
    case when is_measured then reviewed end::double as numerator,
    case when is_measured then submitted end::double as denominator,
    case when is_measured then reviewers end as persons,
    case when is_measured then {{ smaller_group('reviewers', 'submitters') }} end as smallest_group,
    case
        when not is_measured then 'unavailable'
        when submitted = 0 then 'no_denominator'
        else state
    end as status,
    {{ flags_of({
        'author_unknown': 'has_unknown_authors',
        'reviews_missing': 'are_reviews_missing',
    }, 'break_flags') }} as flags
from measured

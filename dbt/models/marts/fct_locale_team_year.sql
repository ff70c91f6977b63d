-- One row a person, locale and end of a month D: translations and explicit reviews of the community
-- in the 365 days before D; approved are those made in them and approved at D. Managers and
-- translators are those who hold the role for the locale on D (or for all locales). New is whose
-- first translation in the locale lies in the year, unless left-censored (catalogue 0.3).

{% set year = var('parameters')['contributor_window_days'] %}
with ends as (
    select
        period_end,
        {{ dbt.dateadd('day', -year, 'period_end') }} as year_start
    from {{ ref('dim_period') }}
    where grain = 'month'
),

submitted as (
    select
        facts.person_id,
        facts.locale,
        facts.occurred_on,
        facts.affiliation,
        facts.occurred_at,
        submissions.translation_id
    from {{ ref('fct_translation_submission') }} as submissions
    inner join {{ ref('fct_contribution') }} as facts
        on submissions.contribution_id = facts.contribution_id
    where facts.locale <> 'en-US'
),

firsts as (
    select
        person_id,
        locale,
        min(occurred_on) as first_on
    from submitted
    group by person_id, locale
),

-- Same days count together: a window ends with a month, so the first end after an act is enough.
acts as (
    select
        person_id,
        locale,
        occurred_on,
        'submitted' as kind,
        affiliation,
        cast(null as {{ dbt.type_timestamp() }}) as counts_from,
        cast(null as {{ dbt.type_timestamp() }}) as counts_to,
        count(*) as acts
    from submitted
    where affiliation in ('volunteer', 'unknown')
    group by person_id, locale, occurred_on, affiliation
    union all
    select
        submitted.person_id,
        submitted.locale,
        submitted.occurred_on,
        'approved' as kind,
        submitted.affiliation,
        {{ dbt.date_trunc('month', 'approvals.valid_from') }} as counts_from,
        {{ dbt.date_trunc('month', 'approvals.valid_to') }} as counts_to,
        count(*) as acts
    from submitted
    inner join {{ ref('fct_translation_approval') }} as approvals
        on submitted.translation_id = approvals.translation_id
    where submitted.affiliation in ('volunteer', 'unknown')
    group by
        submitted.person_id,
        submitted.locale,
        submitted.occurred_on,
        submitted.affiliation,
        {{ dbt.date_trunc('month', 'approvals.valid_from') }},
        {{ dbt.date_trunc('month', 'approvals.valid_to') }}
    union all
    select
        reviews.person_id,
        reviews.locale,
        facts.occurred_on,
        'reviewed' as kind,
        facts.affiliation,
        cast(null as {{ dbt.type_timestamp() }}) as counts_from,
        cast(null as {{ dbt.type_timestamp() }}) as counts_to,
        count(*) as acts
    from {{ ref('fct_translation_review') }} as reviews
    inner join {{ ref('fct_contribution') }} as facts
        on reviews.contribution_id = facts.contribution_id
    where facts.affiliation in ('volunteer', 'unknown') and reviews.locale <> 'en-US'
    group by reviews.person_id, reviews.locale, facts.occurred_on, facts.affiliation
),

summed as (
    select
        acts.person_id,
        acts.locale,
        ends.period_end,
        min(ends.year_start) as year_start,
        max(case when acts.affiliation = 'unknown' then 1 else 0 end) as is_affiliation_unknown,
        cast(sum(case when acts.kind = 'submitted' then acts.acts else 0 end) as bigint)
            as submitted,
        cast(sum(case when acts.kind = 'approved' then acts.acts else 0 end) as bigint)
            as approved,
        cast(sum(case when acts.kind = 'reviewed' then acts.acts else 0 end) as bigint)
            as reviewed
    from ends
    inner join acts
        on
            acts.occurred_on >= cast(ends.year_start as date)
            and acts.occurred_on < cast(ends.period_end as date)
            and coalesce(acts.counts_from < ends.period_end, true)
            and coalesce(acts.counts_to >= ends.period_end, true)
    group by acts.person_id, acts.locale, ends.period_end
),

holders as (
    select
        roles.person_id,
        roles.scope,
        ends.period_end,
        max(case when roles.role = 'manager' then 1 else 0 end) as is_manager,
        max(case when roles.role = 'translator' then 1 else 0 end) as is_translator
    from {{ ref('fct_role') }} as roles
    inner join ends
        on
            roles.valid_from <= cast(ends.period_end as date)
            and roles.valid_to > cast(ends.period_end as date)
    where roles.source = 'pontoon' and roles.role in ('manager', 'translator')
    group by roles.person_id, roles.scope, ends.period_end
)

select
    summed.person_id,
    summed.locale,
    summed.period_end,

    coalesce(holders.is_manager, 0) + coalesce(holders_of_all.is_manager, 0) > 0 as is_manager,
    coalesce(holders.is_translator, 0) + coalesce(holders_of_all.is_translator, 0) > 0
        as is_translator,
    coalesce(firsts.first_on >= cast(summed.year_start as date), false)
    and not coalesce(people.is_left_censored, false) as is_new,
    summed.is_affiliation_unknown = 1 as is_affiliation_unknown,
    summed.submitted,
    summed.approved,
    summed.reviewed
from summed
left join firsts
    on
        summed.person_id = firsts.person_id
        and summed.locale = firsts.locale
left join {{ ref('dim_person') }} as people on summed.person_id = people.person_id
left join holders
    on
        summed.person_id = holders.person_id
        and summed.period_end = holders.period_end
        and summed.locale = holders.scope
left join holders as holders_of_all
    on
        summed.person_id = holders_of_all.person_id
        and summed.period_end = holders_of_all.period_end
        and holders_of_all.scope = 'all'

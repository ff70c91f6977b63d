-- One row a value of any metric, in the shape of catalogue 0.9. A dimension that is null means: not
-- split by it. `smallest_group` drives the suppression of small groups and is never published.
-- A metric whose source was never loaded has one row all the same: unavailable, not absent.

{% set splits = {
    'contributions': ['area', 'event_type', 'population', 'unknown_affiliation_share'],
    'active_contributors': [
        'area', 'level', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'new_contributors': [
        'area', 'category', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'returning_contributors': [
        'area', 'category', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'contributor_absence_factor': [
        'area', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'contributor_net_flow': [
        'area', 'category', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'activity_level_distribution': [
        'area', 'region', 'level', 'tenure', 'population', 'coverage', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'multi_area_share': [
        'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'mdm_contributors': [
        'area', 'region', 'category', 'population', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'mdm_non_code_share': [
        'area', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'diversity_index': [
        'area', 'attribute', 'population', 'coverage', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'active_contributors_by_region': [
        'area', 'region', 'country', 'population', 'coverage', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'region_coverage': [
        'area', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'region_absence_factor': [
        'area', 'region', 'locale', 'population', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'active_contributors_by_locale': [
        'area', 'locale', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'support_time_to_first_response_h': ['locale', 'product', 'ci_low', 'ci_high'],
    'support_response_rate': ['locale', 'product', 'category', 'ci_low', 'ci_high'],
    'review_capacity_ratio': ['locale', 'project'],
    'events_per_100_active': [
        'region', 'country', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'newcomer_retention': [
        'area', 'region', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'coverage', 'unknown_affiliation_share',
    ],
    'regional_retention_180d': [
        'region', 'population', 'ci_low', 'ci_high', 'rank_best', 'rank_worst', 'coverage',
        'value_with_probable', 'unknown_affiliation_share',
    ],
    'time_to_second_contribution_d': [
        'area', 'region', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'coverage', 'unknown_affiliation_share',
    ],
    'contributor_survival': [
        'area', 'region', 'attribute', 'attribute_value', 'category', 'population', 'ci_low',
        'ci_high', 'coverage', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'level_transition_matrix': [
        'area', 'region', 'level', 'category', 'population', 'ci_low', 'ci_high', 'coverage',
        'value_with_probable', 'unknown_affiliation_share',
    ],
    'conversion_rate': [
        'source', 'region', 'category', 'population', 'ci_low', 'ci_high', 'coverage',
        'value_with_probable', 'unknown_affiliation_share',
    ],
    'reactivation_rate': [
        'area', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'cross_area_mobility': [
        'area', 'category', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'time_to_second_area_d': [
        'area', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'burnout_signal': [
        'area', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'parity_gap': [
        'outcome', 'attribute', 'attribute_value', 'population', 'ci_low', 'ci_high',
        'value_with_probable', 'coverage', 'unknown_affiliation_share',
    ],
    'active_leaders': [
        'source', 'role', 'region', 'locale', 'population', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'leaders_per_100_active': [
        'area', 'locale', 'population', 'value_with_probable', 'unknown_affiliation_share',
    ],
    'leader_inactivity_rate': [
        'source', 'role', 'locale', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'uncovered_scopes': ['source', 'category', 'value_with_probable'],
    'leader_renewal_rate': [
        'source', 'role', 'region', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'volunteer_leader_share': [
        'source', 'role', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
    ],
    'leader_generation_share': [
        'source', 'attribute', 'attribute_value', 'category', 'population', 'ci_low', 'ci_high',
        'value_with_probable', 'unknown_affiliation_share',
    ],
    'time_to_leadership': [
        'area', 'region', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'mentee_retention_gap': [
        'source', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'recognised_share': [
        'area', 'region', 'level', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'unrecognised_regulars': [
        'area', 'region', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'leadership_representation_ratio': [
        'attribute', 'attribute_value', 'population', 'ci_low', 'ci_high', 'coverage',
        'value_with_probable', 'unknown_affiliation_share',
    ],
    'time_to_first_recognition_d': [
        'area', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'acknowledgement_rate_30d': [
        'area', 'tenure', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'recognition_parity_ratio': [
        'attribute', 'attribute_value', 'population', 'ci_low', 'ci_high', 'coverage',
        'value_with_probable', 'unknown_affiliation_share',
    ],
    'recognition_concentration': ['source', 'category', 'value_with_probable'],
    'badge_awards': ['source', 'category'],
    'survey_response_rate': [
        'wave', 'region', 'area', 'level', 'role', 'attribute', 'population', 'ci_low', 'ci_high',
        'unknown_affiliation_share',
    ],
    'demographic_share': [
        'wave', 'region', 'area', 'level', 'role', 'attribute', 'attribute_value', 'category',
        'population', 'ci_low', 'ci_high', 'coverage', 'unknown_affiliation_share',
    ],
    'demographic_share_bounds': [
        'wave', 'region', 'area', 'level', 'role', 'attribute', 'attribute_value', 'category',
        'population', 'coverage', 'unknown_affiliation_share',
    ],
    'goal_attainment': ['goal', 'attribute', 'attribute_value'],
    'locale_team_health': ['area', 'locale', 'population', 'unknown_affiliation_share'],
    'locale_completion': ['locale', 'project', 'category'],
    'speaker_weighted_completion': ['coverage'],
    'speaker_coverage': ['coverage'],
    'comms_reach': [
        'area', 'region', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'mdm_score': [],
    'pontoon_chs_compat': [],
    'sumo_kb_contributors_compat': [],
    'quality_pass_rate': ['category', 'attribute', 'attribute_value', 'coverage'],
    'value_revision_rate': ['category', 'attribute', 'attribute_value'],
    'publication_lag_d': ['attribute', 'attribute_value'],
    'event_outcome_ratio': ['country', 'category', 'coverage'],
    'resource_parity_ratio': [
        'region', 'resource', 'population', 'ci_low', 'ci_high', 'value_with_probable', 'coverage',
        'unknown_affiliation_share',
    ],
    'resource_gini': [
        'resource', 'population', 'value_with_probable', 'coverage', 'unknown_affiliation_share',
    ],
    'reps_reporting_compliance': ['country', 'ci_low', 'ci_high'],
    'reps_levels_compat': ['category'],
    'budget_requests': ['category'],
    'budget_approval_rate': ['category', 'ci_low', 'ci_high'],
    'budget_time_to_decision_d': ['outcome', 'category', 'ci_low', 'ci_high'],
    'budget_followup_rate': [],
    'identity_link_rate': [
        'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'identity_volatility': ['category'],
    'source_freshness_h': ['source'],
    'extraction_completeness': ['source', 'stream', 'category'],
    'bug_time_to_first_response_d': ['product', 'tenure', 'ci_low', 'ci_high'],
    'needinfo_response_rate_14d': ['product', 'category', 'ci_low', 'ci_high'],
    'suggestion_time_to_review_d': ['locale', 'project', 'ci_low', 'ci_high'],
    'first_contribution_response_72h': [
        'area', 'locale', 'product', 'population', 'ci_low', 'ci_high', 'unknown_affiliation_share',
        'value_with_probable',
    ],
    'affiliation_unknown_share': ['source', 'ci_low', 'ci_high', 'value_with_probable'],
    'newcomer_staff_contact_rate': [
        'area', 'region', 'category', 'population', 'ci_low', 'ci_high',
        'unknown_affiliation_share', 'value_with_probable',
    ],
    'staff_dependency': ['source', 'category', 'ci_low', 'ci_high'],
    'staff_share_of_first_responses': [
        'source', 'locale', 'product', 'category', 'ci_low', 'ci_high', 'unknown_affiliation_share',
    ],
    'staff_share_of_reviews': [
        'locale', 'category', 'ci_low', 'ci_high', 'unknown_affiliation_share',
    ],
    'volunteers_per_supporting_staff': ['area', 'category', 'value_with_probable'],
    'newcomer_response_ratio': [
        'source', 'locale', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable',
        'unknown_affiliation_share',
    ],
    'sumo_responded_24_compat': ['ci_low', 'ci_high'],
    'sumo_responded_72_compat': ['ci_low', 'ci_high'],
    'support_solved_rate': ['locale', 'ci_low', 'ci_high'],
    'unreviewed_suggestion_age_d': ['locale', 'category', 'ci_low', 'ci_high'],
    'sumo_forum_contributors_compat': [],
    'sumo_weekly_retention_compat': ['ci_low', 'ci_high'],
    'cross_region_interaction_index': ['value_with_probable', 'coverage'],
    'first_contribution_accepted_30d': [
        'area', 'locale', 'product', 'category', 'population', 'ci_low', 'ci_high',
        'unknown_affiliation_share', 'value_with_probable',
    ],
    'local_response_rate_72h': ['locale', 'product', 'ci_low', 'ci_high'],
    'staff_coverage_by_region': [
        'region', 'category', 'population', 'ci_low', 'ci_high', 'value_with_probable', 'coverage',
        'unknown_affiliation_share',
    ],
    'staff_response_time_gap_h': ['source', 'category', 'ci_low', 'ci_high'],
    'volunteer_needinfo_waiting': [
        'product', 'category', 'population', 'ci_low', 'ci_high', 'unknown_affiliation_share',
    ],
    'forum_unanswered_rate_7d': ['category', 'ci_low', 'ci_high'],
} %}
{% set of_staff = [] %}
{% for metric in splits if declaration(metric).topic_area == 'staff_support' %}
{% do of_staff.append(metric) if metric != 'affiliation_unknown_share' %}
{% endfor %}
with gathered as (
    {% for metric, columns in splits.items() %}
        {{ values_of(metric, columns) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

without_any as (
    select
        declared.metric,
        declared.version,
        'run' as grain,
        'unavailable' as status,
        'source_missing' as flags,
        substr(md5(declared.parameters), 1, 12) as parameters_hash
    from {{ ref('metric') }} as declared
    left join gathered on declared.metric = gathered.metric
    where gathered.metric is null
),

completed as (
    select * from gathered
    union all by name
    select * from without_any
),

-- Of numbers about staff only the ends may be read where too few affiliations were known in the
-- last month of their period: of the source that they are about, else of all.
band_only as (
    select distinct
        unnest(['{{ of_staff | join("', '") }}']) as metric,
        period_end,
        source
    from {{ ref('met_affiliation_unknown_share') }}
    where contains(flags, 'band_only')
)

select
    completed.metric,
    completed.version,
    completed.period_start,
    completed.period_end,
    completed.grain,
    completed.source,
    completed.stream,
    completed.area,
    completed.event_type,
    completed.region,
    completed.country,
    completed.locale,
    completed.product,
    completed.project,
    completed.role,
    completed.level,
    completed.tenure,
    completed.resource,
    completed.goal,
    completed.wave,
    completed.outcome,
    completed.attribute,
    completed.attribute_value,
    completed.category,
    completed.population,

    completed.value,
    completed.ci_low,
    completed.ci_high,
    completed.value_with_probable,
    completed.rank_best,
    completed.rank_worst,
    completed.numerator,
    completed.denominator,
    completed.persons,
    completed.smallest_group,
    completed.coverage,
    completed.unknown_affiliation_share,
    completed.status,
    {{ flags_of({
        'band_only':
            "band_only.metric is not null"
            ~ " and completed.category is distinct from 'areas_without_staff'",
    }, 'completed.flags') }} as flags,
    completed.parameters_hash,
    runs.input_snapshot,
    runs.identity_snapshot,

    runs.as_of as computed_at
from completed
cross join {{ ref('dim_run') }} as runs
left join band_only
    on
        completed.metric = band_only.metric
        and completed.period_end = band_only.period_end
        and completed.source is not distinct from band_only.source

-- One row a goal and period of its term that is over: the version of the goal that held when the
-- period ended, and the value of its metric, of the part of the community that is meant. Goals can
-- be set on the metrics below. A goal may name a part by those of their splits that it has columns
-- for; by the others all is meant, so that a goal has one value a period.

{% set offered = {
    'contributions': ['area', 'event_type', 'population'],
    'active_contributors': ['area', 'level', 'population'],
    'new_contributors': ['area', 'category', 'population'],
    'returning_contributors': ['area', 'category', 'population'],
    'active_contributors_by_region': ['area', 'region', 'country', 'population'],
    'active_contributors_by_locale': ['area', 'locale', 'population'],
    'region_coverage': ['area', 'population'],
    'contributor_absence_factor': ['area', 'population'],
    'newcomer_retention': ['area', 'region', 'category', 'population'],
    'mdm_contributors': ['area', 'region', 'category', 'population'],
    'support_response_rate': ['locale', 'product', 'category'],
    'support_time_to_first_response_h': ['locale', 'product'],
    'bug_time_to_first_response_d': ['product', 'tenure'],
    'needinfo_response_rate_14d': ['product', 'category'],
    'suggestion_time_to_review_d': ['locale', 'project'],
    'leaders_per_100_active': ['area', 'locale', 'population'],
    'recognised_share': ['area', 'region', 'level', 'population'],
    'unrecognised_regulars': ['area', 'region', 'population'],
} %}
{% set named = [
    'area', 'event_type', 'region', 'country', 'locale', 'product', 'project', 'level', 'category',
] %}
with measured as (
    {% for metric, columns in offered.items() %}
        {{ values_of(metric, columns) }}
        where
            true
            {% for column in columns if column not in named + ['population'] %}
                and {{ column }} is null
            {% endfor %}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

known as (
    select
        metric,
        bool_or(population is not null) as is_by_population
    from measured
    group by metric
),

terms as (
    select
        goals.*,
        periods.period_start,
        periods.period_end,
        known.metric is not null as is_offered,
        case when known.is_by_population then goals.population end as asked_population
    from {{ ref('fct_goal') }} as goals
    left join known on goals.metric = known.metric
    inner join {{ ref('dim_period') }} as periods
        on
            goals.grain = periods.grain
            and periods.period_end > goals.starts_on
            and periods.period_start < goals.due_on
            and periods.period_end >= goals.version_from
            and periods.period_end < goals.version_until
)

select
    terms.goal,
    terms.version_number,
    terms.topic_area,

    terms.baseline,
    terms.target,
    terms.starts_on,
    terms.due_on,

    terms.period_start,
    terms.period_end,
    terms.is_offered,
    measured.value as actual,
    measured.persons,
    measured.smallest_group,
    measured.status
from terms
left join measured
    on
        terms.metric = measured.metric
        and terms.grain = measured.grain
        and terms.period_start = measured.period_start
        and terms.period_end = measured.period_end
        and terms.asked_population is not distinct from measured.population
        {% for column in named %}
            and terms.{{ column }} is not distinct from measured.{{ column }}
        {% endfor %}

-- A value is null exactly when its status says why; a rate has a denominator above zero, lies
-- inside its interval, and a share inside [0, 1]; nobody's group is larger than all persons of the
-- count; a value of the community says how many of its persons are of unknown affiliation, and who
-- says so speaks of these persons and no others.

select
    checked.metric,
    checked.period_start,
    checked.grain,
    checked.value,
    checked.status
from {{ ref('metric_value') }} as checked
left join {{ ref('metric') }} as declared on checked.metric = declared.metric
where
    (checked.value is null) <> (checked.status in ('unavailable', 'insufficient', 'no_denominator'))
    or (
        checked.value is not null
        and declared.unit in ('share', 'hours', 'reviews per suggestion', 'events per 100 persons')
        and declared.metric <> 'source_freshness_h'
        and not coalesce(checked.denominator > 0 and checked.numerator is not null, false)
    )
    or not coalesce(checked.value between checked.ci_low and checked.ci_high, true)
    or (
        declared.interval_method = 'wilson'
        and checked.value is not null
        and (checked.ci_low is null or checked.ci_high is null)
    )
    or (
        declared.unit = 'share'
        and declared.metric <> 'extraction_completeness'
        and checked.value not between 0 and 1
    )
    or (declared.unit = 'persons' and checked.value is not null and checked.value > checked.persons)
    or (
        checked.value is not null
        and checked.persons is not null
        and checked.smallest_group is null
    )
    or (
        checked.population = 'community'
        and checked.value is not null
        and checked.persons > 0
        and checked.unknown_affiliation_share is null
    )
    or abs(
        checked.unknown_affiliation_share * checked.persons
        - round(checked.unknown_affiliation_share * checked.persons)
    ) > 0.000001

"""What must hold before values are shown; judged after disclosure control, group sizes still there.

What a rule is about is worked out by the query (null: the rule is not about this row), so that every
rule is about whole columns.
"""

from expectations.gate import Gate, expect
from expectations.publish.common import at_most, rows_exist, true, within
from pipelines.disclosure import COUNTS, SIGNED, SURVEY_ATTRIBUTES, SURVEY_K
from pipelines.metric_shape import DIMENSIONS, MEASURES

SHOWN = ("complete", "provisional")
NOT_SHOWN = ("suppressed", "insufficient", "no_denominator", "unavailable")

GRAIN = ("metric", "version", "grain", "period_start", "period_end", *DIMENSIONS)

FRAME = f"""
    with described as (
        select
            cells.*,
            cells.attribute in {SURVEY_ATTRIBUTES} and cells.attribute_value is not null as is_of_survey,
            case when is_of_survey then greatest(release.k, {SURVEY_K}) else release.k end as k,
            release.audience,
            release.as_of,
            declared.version as declared_version,
            declared.persons <> 'none' as is_about_people,
            cells.status in {SHOWN} as is_shown,
            cells.region is null or region.code is not null as is_region_named,
            cells.country is null or country.code is not null as is_country_named,
            count(*) over (partition by {", ".join(f"cells.{name}" for name in GRAIN)}) = 1 as is_the_only_one
        from cells
        cross join release
        left join metric as declared using (metric)
        left join region on region.code = cells.region and region.kind = 'region'
        left join region as country on country.code = cells.country and country.kind = 'country'
    )

    select
        metric, version, period_start, period_end,
        status, value, ci_low, ci_high, denominator, coverage, unknown_affiliation_share,
        k, as_of, declared_version, is_the_only_one, is_region_named, is_country_named,
        case when is_shown then nullif(smallest_group, case when not is_of_survey then 0 end) end
            as smallest_group_shown,
        nullif(persons, 0) as persons_shown,
        case when is_shown and kind = 'count' and is_about_people then nullif(value_with_probable, 0) end
            as count_with_probable_shown,
        not is_about_people or not is_shown or smallest_group is not null as is_group_known,
        case when status = 'suppressed' then len(list_filter([
            {", ".join(MEASURES)}
        ], lambda number: number is not null)) end as numbers_left,
        case when audience = 'public' and is_about_people then len(list_filter([
            case when kind in {COUNTS} then value end,
            case when kind in {COUNTS} then value_with_probable end,
            numerator, denominator, persons
        ], lambda number: number % 5 <> 0)) end as exact_counts,
        is_shown = (value is not null) as has_value_as_status_says,
        not is_shown or kind not in ('share', 'ratio') or denominator is not null as has_its_denominator,
        case when kind not in {SIGNED} then value end as unsigned_value,
        case when kind = 'share' and is_about_people then value end as share_of_people,
        case when kind = 'share' and is_about_people then numerator end as numerator_of_share
    from described
"""
"""`cells`: rows of the table, with the `smallest_group` and the `kind` (pipelines/disclosure.py) of each."""


GATE = Gate(
    asset=("metric_value",),
    expectations=(
        rows_exist("a publication has values"),
        true("is_the_only_one", "one value for each metric, period and slice"),
        at_most("k", "smallest_group_shown", "no shown number has a group of fewer than k persons behind it"),
        at_most("k", "persons_shown", "no shown number is about fewer than k persons"),
        at_most("k", "count_with_probable_shown", "no count where probable links hold is below k either"),
        true("is_group_known", "a number about people says how many stand behind it"),
        within("numbers_left", 0, 0, "a suppressed row keeps no number"),
        within("exact_counts", 0, 0, "counts of people for the public are multiples of 5"),
        expect(
            "ExpectColumnValuesToBeInSet",
            column="status",
            value_set=[*SHOWN, *NOT_SHOWN],
            notes="a status is one of those of catalogue 0.9",
        ),
        true("has_value_as_status_says", "there is a value exactly when it is complete or provisional"),
        true("has_its_denominator", "a rate is never stored without its denominator"),
        within("value", -1e12, 1e12, "a value is a number of a size that occurs"),
        within("unsigned_value", 0, 1e12, "only a difference may be below zero"),
        within("share_of_people", 0, 1, "a share is between 0 and 1"),
        at_most("numerator_of_share", "denominator", "of n at most n"),
        at_most("ci_low", "value", "an interval holds its value"),
        at_most("value", "ci_high", "an interval holds its value"),
        within("coverage", 0, 1, "coverage is a share"),
        within("unknown_affiliation_share", 0, 1, "the unknown are a share of all"),
        expect(
            "ExpectColumnPairValuesToBeEqual",
            column_A="version",
            column_B="declared_version",
            ignore_row_if="neither",
            notes="every value is of a declared metric, at its declared version",
        ),
        at_most("period_start", "period_end", "a period ends after it starts"),
        at_most("period_end", "as_of", "only periods that are over are published", severity="warning"),
        true("is_region_named", "every region of a value has a name in the region table"),
        true("is_country_named", "every country of a value has a name in the region table"),
    ),
)

"""What must hold of lines: a margin and the cells that add up to it, everything else the same.

Judged after disclosure control, over every dimension of which a metric is declared additive.
"""

from expectations.gate import Gate
from expectations.publish.common import FIGURES, at_most, true
from pipelines.disclosure import SURVEY_ATTRIBUTES, SURVEY_K
from pipelines.metric_shape import ADDITIVE, DIMENSIONS, KEYS

RESTS = {name: sql for name, sql in FIGURES.items() if name != "persons"}
"""The figures whose shown margin less shown cells is told. Persons do not add up in metrics of acts, of which
group sizes are asked (`persons_of_acts`); where they do, value or denominator is the same number."""

ROUNDED_BY = 2.5
"""By how much a count of the public may be off: so much more a rest can be than what its counts tell."""

NOTHING_OF_VALUES = "false as is_answered, null as hidden_values, null as values_not_shown"


def _over(dimension: str) -> str:
    """One row a line over a dimension (null: the margin) that has a hidden row."""
    line = ", ".join(f"cells.{name}" for name in (*KEYS, *DIMENSIONS) if name != dimension)
    is_margin = f"cells.{dimension} is null"
    rests = ", ".join(
        f"""
            case when is_open then nullif(greatest(round(sum(
                case when cells.status <> 'suppressed' then {sql.format("cells")} else 0 end
                * case when {is_margin} then 1 else -1 end
            )), 0), 0) end + unsure as {name}"""
        for name, sql in RESTS.items()
    )
    of_values = """
            any_value(cells.wave) is not null and count(cells.numerator) > 0 as is_answered,
            case when is_answered
                then nullif(sum(cells.smallest_group) filter (cells.status = 'suppressed'), 0)
            end as hidden_values,
            case when is_answered
                then nullif(greatest(round(max(cells.denominator) - sum(cells.numerator)), 0), 0) + 2 * unsure
            end as values_not_shown"""
    return f"""
        select
            cells.metric,
            '{dimension}' as dimension,
            count(*) filter (
                {is_margin} and cells.status <> 'suppressed' and cells.persons is not null
            ) > 0 as is_open,
            {ROUNDED_BY} * count(*) filter (cells.status <> 'suppressed')
                * any_value((release.audience = 'public')::int) as unsure,
            not (
                count(*) filter (cells.status = 'suppressed') = 1
                and count(cells.{dimension}) > 0
                and count(*) filter (cells.status <> 'suppressed' and cells.persons > 0) > 0
            ) as is_hidden_in_company,
            case
                when is_open and max(cells.value) filter ({is_margin} and cells.kind = 'count')
                    <> max(cells.persons) filter ({is_margin})
                    then nullif(case
                        when sum(cells.smallest_group) filter (not {is_margin})
                            = max(cells.smallest_group) filter ({is_margin})
                            then sum(cells.smallest_group) filter (cells.status = 'suppressed')
                        else max(cells.smallest_group) filter (cells.status = 'suppressed')
                    end, 0)
            end as persons_of_acts,
            {rests},
            {of_values if dimension == "attribute_value" else NOTHING_OF_VALUES},
            max(case
                when cells.attribute in {SURVEY_ATTRIBUTES} and cells.attribute_value is not null
                    then greatest(release.k, {SURVEY_K})
                else release.k
            end) as k
        from cells
        cross join release
        inner join metric as declared using (metric)
        where list_contains(string_split(declared.additive_over, ', '), '{dimension}')
        group by {line}
        having count(*) filter (cells.status = 'suppressed') > 0
    """


FRAME = " union all ".join(map(_over, ADDITIVE))

GATE = Gate(
    asset=("lines",),
    expectations=(
        true("is_hidden_in_company", "no sum gives a hidden cell away: none is the only one of its line"),
        *(
            at_most("k", name, f"no margin less its shown cells is a {name} of fewer than k persons")
            for name in RESTS
        ),
        at_most(
            "k", "hidden_values", "those who told a hidden value of the survey are no small group together"
        ),
        at_most("k", "values_not_shown", "all who answered less the shown values are no small group"),
        at_most("k", "persons_of_acts", "acts of all hidden cells together are of k persons or more"),
    ),
)

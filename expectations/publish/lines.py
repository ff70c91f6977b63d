"""What must hold of lines: a margin and the cells that add up to it, everything else the same.

Judged after disclosure control, over every dimension of which a metric is declared additive.
"""

from expectations.gate import Gate
from expectations.publish.common import FIGURES, at_most, true
from pipelines.metric_shape import ADDITIVE, DIMENSIONS, KEYS

RESTS = {name: sql for name, sql in FIGURES.items() if name != "persons"}
"""The figures whose shown margin less shown cells is told. Persons do not add up in metrics of acts, of which
group sizes are asked (`persons_of_acts`); where they do, value or denominator is the same number."""

ROUNDED_BY = 2.5
"""By how much a count of the public may be off: so much more a rest can be than what its counts tell."""


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
            any_value(release.k) as k
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
        at_most("k", "persons_of_acts", "acts of all hidden cells together are of k persons or more"),
    ),
)

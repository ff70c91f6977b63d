"""What must hold of lines: a margin and the cells that add up to it, everything else the same.

Judged after disclosure control, over every dimension of which a metric is declared additive.
"""

from expectations.gate import Gate
from expectations.publish.common import true
from pipelines.metric_shape import ADDITIVE, DIMENSIONS, KEYS


def _over(dimension: str) -> str:
    """One row a line over a dimension (null: the margin) that has a hidden row."""
    line = ", ".join(f"cells.{name}" for name in (*KEYS, *DIMENSIONS) if name != dimension)
    return f"""
        select
            cells.metric,
            '{dimension}' as dimension,
            not (
                count(*) filter (cells.status = 'suppressed') = 1
                and count(cells.{dimension}) > 0
                and count(*) filter (cells.status <> 'suppressed' and cells.persons > 0) > 0
            ) as is_hidden_in_company
        from cells
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
    ),
)

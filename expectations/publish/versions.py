"""What must hold between the survey's numbers and those that were published before, slice by slice.

Judged after disclosure control, of staff's file: one answer more is told by subtracting two exact versions.
The public's numbers are rounded.
"""

from expectations.gate import Gate
from expectations.publish.common import within
from pipelines.disclosure import ANSWERS, CHANGE, SLICE

SAME = " and ".join(f"cells.{name} is not distinct from former.{name}" for name in SLICE if name != "metric")

NOT_COUNTED = {
    **dict.fromkeys(ANSWERS, ("high", "weighted")),
    "denominator": ("high", "low", "weighted"),
    "persons": ("high", "low", "weighted"),
    "others": ("low", "weighted"),
}
"""Figure -> categories in which it does not count people who answered: estimates, bounds of everybody."""

CHANGES = {
    **{name: f"cells.{name} - former.{name}" for name in ANSWERS},
    "others": "cells.denominator - cells.numerator - former.denominator + former.numerator",
}


def _change(name: str) -> str:
    is_counted = f"coalesce(cells.category, '') not in {NOT_COUNTED[name]}"
    return f"case when {is_counted} then nullif(abs(round({CHANGES[name]})), 0) end as {name}"


FRAME = f"""
    select cells.metric, {", ".join(map(_change, CHANGES))}
    from cells
    inner join former on cells.metric = former.metric and {SAME}
    cross join release
    where release.audience = 'internal'
"""
"""`former`: rows of the survey as they were last shown."""

GATE = Gate(
    asset=("versions",),
    expectations=tuple(
        within(name, CHANGE, None, f"no version tells, beside an earlier one, of few {name} more or less")
        for name in CHANGES
    ),
)

"""What the warehouse says about a planted gap: is the retention of two regions evidently different, or not?

In here: the verdict on pairs of regions, from a built warehouse, to be scored against planted truths over
many seeds. Not in here: the metric it rests on (`met_regional_retention_180d`) and the one that judges each
group against everybody else (`met_parity_gap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines.statistics import Estimate, benjamini_hochberg, newcombe, two_proportion_p

Pair = tuple[str, str]


class Verdict(NamedTuple):
    """retained, newcomers: of the first and the second region, all told quarters together."""

    gap: Estimate
    retained: tuple[int, int]
    newcomers: tuple[int, int]
    is_evident: bool


def retention_gaps(warehouse: Path, pairs: Sequence[Pair], population: str = "all") -> dict[Pair, Verdict]:
    """The first region's 180-day retention minus the second's, for each pair, all told quarters together.

    A region without newcomers has no gap. `evident_gaps` says which are evident among all pairs.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """select region, sum(numerator)::integer, sum(denominator)::integer
            from metrics.met_regional_retention_180d
            where region is not null and denominator > 0 and population = ?
            group by region""",
            [population],
        ).fetchall()
    counts = {region: (retained, newcomers) for region, retained, newcomers in rows}
    sides = [(*counts.get(one, (0, 0)), *counts.get(other, (0, 0))) for one, other in pairs]
    return {
        pair: Verdict(newcombe(x1, n1, x2, n2), (x1, x2), (n1, n2), is_evident)
        for pair, (x1, n1, x2, n2), is_evident in zip(pairs, sides, evident_gaps(sides), strict=True)
    }


def evident_gaps(sides: Sequence[tuple[int, int, int, int]]) -> list[bool]:
    """For each (x1, n1, x2, n2), x of n on either side: do the two shares evidently differ?

    As in `parity_gap`: the interval (Newcombe, 95 %) leaves out 0 and the gap survives Benjamini-Hochberg at
    5 % among all that are given. A side of nobody has no gap, which is not evident.
    """
    p_values = [two_proportion_p(*one) for one in sides]
    survives = benjamini_hochberg([float("nan") if p is None else p for p in p_values])
    return [kept and _leaves_out_zero(newcombe(*one)) for one, kept in zip(sides, survives, strict=True)]


def _leaves_out_zero(gap: Estimate) -> bool:
    return gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)

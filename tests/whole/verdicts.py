"""What the warehouse says about planted gaps: does a region's retention evidently differ?

In here: verdicts on regions, each against everybody else whose region is known, as `met_parity_gap` judges a
quarter, and on any two regions; from a built warehouse, over all its quarters together, to be scored against
planted truths over many seeds. Not in here: the metric they rest on (`met_regional_retention_180d`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.statistics import Estimate, benjamini_hochberg, newcombe, two_proportion_p

Pair = tuple[str, str]
Counts = Mapping[str, tuple[int, int]]
"""Region -> its newcomers who stayed, and all its newcomers."""

NOBODY = (0, 0)


def retention(warehouse: Path, population: str = "all") -> Counts:
    """Newcomers who still contribute 90 to 180 days later, by known region, all told quarters together."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """select region, sum(numerator)::integer, sum(denominator)::integer
            from metrics.met_regional_retention_180d
            where region is not null and region <> 'unknown' and denominator > 0 and population = ?
            group by region""",
            [population],
        ).fetchall()
    return {region: (retained, newcomers) for region, retained, newcomers in rows}


def differ_from_the_rest(counts: Counts, regions: Sequence[str]) -> dict[str, bool]:
    """Region -> whether it evidently keeps another share than all other regions together."""
    retained, newcomers = (sum(one[n] for one in counts.values()) for n in (0, 1))
    own = [counts.get(region, NOBODY) for region in regions]
    sides = [(x, n, retained - x, newcomers - n) for x, n in own]
    return dict(zip(regions, evident_gaps(sides), strict=True))


def differ_from_each_other(counts: Counts, pairs: Sequence[Pair]) -> dict[Pair, bool]:
    """Two regions -> whether they evidently keep different shares."""
    sides = [(*counts.get(one, NOBODY), *counts.get(other, NOBODY)) for one, other in pairs]
    return dict(zip(pairs, evident_gaps(sides), strict=True))


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

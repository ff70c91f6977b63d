"""Whether a change between two published values is more than chance would make, from their intervals.

As gaps are judged (catalogue 0.5): the interval of the difference, then Benjamini-Hochberg at 5 % within one
metric and period. Not in here: formulas (`pipelines/statistics.py`), how a change is worded (`words.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboards import words
from pipelines import statistics

Row = Mapping[str, Any]


def of_changes(pairs: Sequence[tuple[Row, Row | None]], unit: str, audience: str) -> list[str]:
    """For each pair of a value and an earlier one `evident`, `no evident difference`, or nothing where one of
    them has no interval: a count is what it is. pairs: all of one metric and period."""
    p_values = [_p(now, before, unit, audience) for now, before in pairs]
    evident = statistics.benjamini_hochberg(p_values)
    told = {True: words.FLAGS["evident"], False: words.FLAGS["no_evident_difference"]}
    return ["" if math.isnan(p) else told[sure] for p, sure in zip(p_values, evident, strict=True)]


def _p(now: Row, before: Row | None, unit: str, audience: str) -> float:
    """The p of no difference that the interval of the difference says, NaN where there is none.

    Of rounded values the difference is taken as the least that it can be.
    """
    if before is None or any(pd.isna(row["value"]) or not _limited(row) for row in (now, before)):
        return math.nan
    change = statistics.difference(_estimate(now), _estimate(before))
    assert change.value is not None
    assert change.low is not None
    assert change.high is not None
    towards_zero = change.value - change.low if change.value > 0 else change.high - change.value
    rounded = sum(_rounding(row, unit) for row in (now, before)) if audience == "public" else 0
    apart = max(abs(change.value) - rounded, 0.0)
    if not apart or math.isinf(towards_zero):
        return 1.0
    return math.erfc(statistics.Z * apart / towards_zero / math.sqrt(2)) if towards_zero else 0.0


def _limited(row: Row) -> bool:
    """Whether a value has an interval; a median whose upper limit is not reached has one without that end."""
    return pd.notna(row["ci_low"]) or pd.notna(row["ci_high"])


def _estimate(row: Row) -> tuple[float, float, float]:
    low: float = float(row["ci_low"]) if pd.notna(row["ci_low"]) else -math.inf
    high: float = float(row["ci_high"]) if pd.notna(row["ci_high"]) else math.inf
    return float(row["value"]), low, high


def _rounding(row: Row, unit: str) -> float:
    """How far a public value may be from the exact one: shares go to whole percent, others to two digits."""
    if words.is_share(words.unit_of(row, unit)):
        return 0.005
    value = float(row["value"])
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 0.0

"""Estimates and their intervals, each written once: catalogue section 0.5 says the formulas.

In here: pure functions on numbers and numpy arrays. Not in here: which numbers are compared (the
metrics' SQL) and how DuckDB calls these functions (`duckdb_functions.py`). Only numpy is imported:
dbt starts with this module, and scipy would double its start; scipy, statsmodels and lifelines are
the oracles of the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959964
"""The 97.5 % point of the normal distribution, as the catalogue writes it: all intervals are 95 %."""

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A value with the limits of its 95 % interval; NaN or None where a limit does not exist."""

    value: float | None
    low: float | None
    high: float | None


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    """Wilson limits of `successes / trials`, element by element, clipped to [0, 1]; NaN for no trials.

    Raises ValueError when any success count is negative or above its number of trials.
    """
    x, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    if np.any((x < 0) | (x > n)):
        raise ValueError("successes must lie between 0 and the number of trials")
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / n
        scale = 1 + Z**2 / n
        centre = (p + Z**2 / (2 * n)) / scale
        half = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / scale
    # At its ends the formula gives 0 and 1 exactly, save for rounding; without trials it gives NaN.
    low = np.where((x == 0) & (n > 0), 0, np.clip(centre - half, 0, 1))
    high = np.where((x == n) & (n > 0), 1, np.clip(centre + half, 0, 1))
    return low, high


def newcombe(x1: float, n1: float, x2: float, n2: float) -> Estimate:
    """The difference `x1/n1 - x2/n2` with Newcombe's interval (from the two Wilson intervals).

    All None when one side has no trials.
    """
    if n1 == 0 or n2 == 0:
        return Estimate(None, None, None)
    (low1, low2), (high1, high2) = wilson([x1, x2], [n1, n2])
    p1, p2 = x1 / n1, x2 / n2
    difference = p1 - p2
    return Estimate(
        difference,
        difference - math.hypot(p1 - low1, high2 - p2),
        difference + math.hypot(high1 - p1, p2 - low2),
    )


class Ratio(NamedTuple):
    """A ratio of two proportions; `continuity_corrected` when half a count was added to avoid a zero."""

    value: float | None
    low: float | None
    high: float | None
    continuity_corrected: bool


def katz(x1: float, n1: float, x2: float, n2: float) -> Ratio:
    """The ratio `(x1/n1) / (x2/n2)` with Katz's log interval; None when one side has no trials.

    When x1 or x2 is 0, 0.5 is added to all four numbers first, for the value and the interval.
    """
    if n1 == 0 or n2 == 0:
        return Ratio(None, None, None, False)
    corrected = x1 == 0 or x2 == 0
    if corrected:
        x1, n1, x2, n2 = x1 + 0.5, n1 + 0.5, x2 + 0.5, n2 + 0.5
    ratio = (x1 / n1) / (x2 / n2)
    spread = Z * math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    return Ratio(ratio, ratio * math.exp(-spread), ratio * math.exp(spread), corrected)


def median_interval_ranks(n: int) -> tuple[int, int] | None:
    """The ranks (from 1) of the order statistics that bound the median; None for n < 6."""
    if n < 6:
        return None
    half = Z * math.sqrt(n) / 2
    return max(1, math.floor(n / 2 - half)), min(n, math.ceil(1 + n / 2 + half))


def median_interval(values: ArrayLike) -> Estimate:
    """The median with its distribution-free interval; None for an empty sample, no limits for n < 6."""
    ordered = np.sort(np.asarray(values, float))
    if ordered.size == 0:
        return Estimate(None, None, None)
    median, ranks = float(np.median(ordered)), median_interval_ranks(ordered.size)
    if ranks is None:
        return Estimate(median, None, None)
    return Estimate(median, float(ordered[ranks[0] - 1]), float(ordered[ranks[1] - 1]))


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan-Meier curve: at each distinct time with an event, S just after it and its limits.

    times ascend; the limits are NaN where S is 1 or 0 (the log-log transform has no value there).
    """

    times: Floats
    survival: Floats
    low: Floats
    high: Floats

    def at(self, time: float) -> Estimate:
        """S(time) with its interval; 1 without limits before the first event."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return Estimate(1.0, None, None)
        return Estimate(float(self.survival[place]), _number(self.low[place]), _number(self.high[place]))

    def median(self) -> Estimate:
        """The first time with S <= 0.5, and the first times at which its limits are; None if never."""
        return Estimate(
            self._first_at_half(self.survival), self._first_at_half(self.low), self._first_at_half(self.high)
        )

    def _first_at_half(self, curve: Floats) -> float | None:
        # A product of fractions that is exactly a half may come out a rounding above it.
        below = np.flatnonzero(curve <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if below.size else None


def kaplan_meier(durations: ArrayLike, observed: ArrayLike) -> SurvivalCurve:
    """The product over event times of `1 - events / at risk`, Greenwood variance, log-log interval.

    durations: times >= 0, one an item; observed: True where the item ended then, False where it was
    still open (censored). At equal times events come before censorings.
    Raises ValueError for lengths that differ and for negative or missing durations.
    """
    time, event = np.asarray(durations, float), np.asarray(observed, bool)
    if time.shape != event.shape:
        raise ValueError("durations and observed must have the same length")
    if time.size and not np.all(time >= 0):
        raise ValueError("durations must be numbers of at least 0")
    times, events = np.unique(time[event], return_counts=True)
    at_risk = time.size - np.searchsorted(np.sort(time), times, side="left")
    survival: Floats = np.cumprod(1 - events / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        spread = Z * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(spread), survival ** np.exp(-spread)
    defined = (survival > 0) & (survival < 1)
    return SurvivalCurve(times, survival, np.where(defined, low, np.nan), np.where(defined, high, np.nan))


def kaplan_meier_median(
    durations: Sequence[float] | Floats, observed: Sequence[bool] | NDArray[np.bool_]
) -> Estimate:
    """The median time to the event and its limits; all None for an empty sample."""
    return kaplan_meier(durations, observed).median()


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

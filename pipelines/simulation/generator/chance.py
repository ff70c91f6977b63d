"""Drawing by chance: one generator of random numbers a system, and time as whole microseconds UTC.

Only `numpy.random.Generator` (PCG64) is used: no `random`, no hash order, so that a seed means the same
everywhere. Nothing about communities belongs here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MONTHS = (1.0, 1.05, 1.1, 1.05, 1.0, 0.95, 0.8, 0.75, 1.0, 1.1, 1.05, 0.8)
"""How lively each calendar month is."""

WEEKDAYS = (1.15, 1.15, 1.1, 1.1, 1.0, 0.7, 0.8)
"""How lively each day of the week is, from Monday."""


def instant(moment: datetime) -> int:
    """An aware datetime -> microseconds since 1970 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def stamp(at: int) -> str:
    """`2026-03-01T10:11:12.000123Z`; no fraction when it is zero."""
    return moment(at).isoformat().replace("+00:00", "Z")


def liveliness(at: int) -> float:
    """Season and day of the week together; about 1 on average."""
    when = moment(at)
    return MONTHS[when.month - 1] * WEEKDAYS[when.weekday()]


class Chance:
    """Draws for one system of one community."""

    def __init__(self, *seed: int) -> None:
        self.rng = np.random.default_rng(list(seed))

    def happens(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high)."""
        return int(self.rng.integers(low, high))

    def count(self, mean: float) -> int:
        return int(self.rng.poisson(mean))

    def one(self, of: Sequence[T]) -> T:
        return of[self.whole(0, len(of))]

    def weighted(self, weights: Any) -> int | None:
        """A place, by weight; None when all weights are zero."""
        heights = np.cumsum(weights)
        if not len(heights) or heights[-1] <= 0:
            return None
        return int(np.searchsorted(heights, self.rng.random() * heights[-1], side="right"))

    def heavy(self, median: float, spread: float) -> float:
        """A log-normal draw: many small ones, few very large."""
        return float(median * np.exp(spread * self.rng.standard_normal()))

    def after(self, median: int, spread: float) -> int:
        """A waiting time in microseconds, log-normal, at least a second."""
        return max(SECOND, int(self.heavy(float(median), spread)))

    def in_day(self, day: int) -> int:
        """A moment of a day; one in ten falls on a whole second."""
        at = day + self.whole(0, DAY)
        return at - at % SECOND if self.happens(0.1) else at

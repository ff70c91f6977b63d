"""Drawing many at once: months, moments, waiting times, and who acts. Nothing about one system.

Times are int64 microseconds since 1970 UTC, numpy arrays throughout. One generator of random numbers a
(system, month): a month's acts are the same whoever makes it, in whatever order.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.simulation.generator.bulk.size import Size
from pipelines.simulation.generator.chance import DAY, SECOND, instant, liveliness, moment

Array = np.ndarray[Any, Any]
NOBODY = -1


def rng_of(*seed: int) -> np.random.Generator:
    return np.random.default_rng(list(seed))


class Calendar:
    """The months of a community, [start, end) each; the last one may be cut short by its end."""

    def __init__(self, size: Size) -> None:
        starts, at = [], size.since
        while at < size.until:
            starts.append(instant(at))
            at = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
        self.size = size
        self.starts = np.array(starts)
        self.ends = np.append(self.starts[1:], size.end)

    def __len__(self) -> int:
        return len(self.starts)

    def month_of(self, at: Array) -> Array:
        return np.clip(np.searchsorted(self.starts, at, side="right") - 1, 0, len(self) - 1)

    @cached_property
    def days(self) -> list[tuple[Array, Array]]:
        """Per month: its days, and how lively they are up to each (cumulated)."""
        found = []
        for start, end in zip(self.starts, self.ends, strict=True):
            days = np.arange(start, end, DAY)
            found.append((days, np.cumsum([liveliness(int(day)) for day in days])))
        return found

    def moments(self, rng: np.random.Generator, month: int, count: int) -> Array:
        """So many moments of a month, more on lively days, sorted."""
        days, heights = self.days[month]
        on = days[np.searchsorted(heights, rng.random(count) * heights[-1], side="right")]
        return np.sort(on + rng.integers(0, DAY, count))

    def share(self, month: int, opened: int) -> float:
        """A month's share of everything that happens from `opened` to the end."""
        weights = self.weights * (self.ends > opened)
        return float(weights[month] / weights.sum())

    @cached_property
    def weights(self) -> Array:
        """How much happens in each month: its days and seasons, growth until 2011, then a slow decline."""
        trend = [growth(int(start)) for start in self.starts]
        return np.array([heights[-1] for _, heights in self.days]) * trend


def growth(at: int) -> float:
    """How large the community is at a time, 1 at its height in 2011; steady from 2020 on."""
    year = moment(at).year + moment(at).month / 12
    return float(np.interp(year, (2006, 2011, 2020, 2030), (0.35, 1.0, 0.7, 0.7)))


def waits(rng: np.random.Generator, count: int, median: int, spread: float) -> Array:
    """Waiting times, log-normal, at least a second, whole microseconds."""
    return np.maximum(SECOND, (median * np.exp(spread * rng.standard_normal(count))).astype(np.int64))


def seconds(at: Array) -> Array:
    """Cut to whole seconds."""
    return at - at % SECOND


def ranks(groups: Array) -> Array:
    """The number of each row within its group, from 0; `groups` is sorted."""
    if not len(groups):
        return np.zeros(0, np.int64)
    first = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    lengths = np.diff(np.append(first, len(groups)))
    return np.arange(len(groups)) - np.repeat(first, lengths)


def stamps(at: Array, unit: str = "us") -> pa.Array:
    """`2026-03-01T10:11:12.000123Z` (us), with milliseconds (ms), or without a fraction (s)."""
    value = pa.array(at // {"us": 1, "ms": 1_000, "s": SECOND}[unit], pa.timestamp(unit))
    spaced = value.cast(pa.string())
    return pc.binary_join_element_wise(pc.binary_replace_slice(spaced, 10, 11, b"T"), "Z", "")


def instants(at: Array, missing: Array | None = None) -> pa.Array:
    """As the lake holds instants; null where `missing`."""
    return pa.array(at, pa.timestamp("us", tz="UTC"), mask=missing)


def words(of: tuple[str | None, ...], places: Array, missing: Array | None = None) -> pa.Array:
    """The word at each place; null where `missing`."""
    return pa.array(of, pa.string()).take(pa.array(places, pa.int32(), mask=missing))


class Pool:
    """Accounts to choose from by weight, among those that are there; optionally in groups (languages).

    joined, left: [joined, left) of each account. person: whose it is, so that nobody meets themselves.
    """

    def __init__(
        self,
        calendar: Calendar,
        joined: Array,
        left: Array,
        weight: Array,
        person: Array,
        group: Array | None = None,
    ) -> None:
        self.calendar, self.joined, self.left = calendar, joined, left
        self.weight, self.person = weight, person
        self.group = np.zeros(len(joined), np.int64) if group is None else group
        self.groups = int(self.group.max(initial=0)) + 1
        self._there: dict[int, tuple[Array, Array]] = {}

    def there(self, key: int) -> tuple[Array, Array]:
        """(accounts, cumulated weights) of one month and group: `key` is month * groups + group."""
        if key not in self._there:
            month, group = divmod(key, self.groups)
            start, end = self.calendar.starts[month], self.calendar.ends[month]
            here = (self.joined < end) & (self.left > start) & (self.weight > 0)
            if self.groups > 1:
                here &= self.group == group
            places = np.flatnonzero(here)
            present = np.minimum(self.left[places], end) - np.maximum(self.joined[places], start)
            heights = np.cumsum(self.weight[places] * (present / (end - start)))
            self._there[key] = places.astype(np.int32), heights
        return self._there[key]

    def pick(
        self,
        rng: np.random.Generator,
        at: Array,
        *,
        group: Array | None = None,
        but: Array | None = None,
    ) -> Array:
        """One account for each moment; NOBODY where nobody is there. but: accounts whose person it is not."""
        chosen = np.full(len(at), NOBODY, np.int64)
        keys = self.calendar.month_of(at) * self.groups + (0 if group is None else group)
        open_ = np.arange(len(at))
        for _ in range(4):
            order = open_[np.argsort(keys[open_], kind="stable")]
            draws = rng.random(len(order))
            edges = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0, True]) if len(order) else order
            for start, end in pairwise(edges):
                places, heights = self.there(int(keys[order[start]]))
                if len(places):
                    found = np.searchsorted(heights, draws[start:end] * heights[-1], side="right")
                    chosen[order[start:end]] = places[np.minimum(found, len(places) - 1)]
            there = chosen[open_]
            wrong = (there < 0) | (self.joined[there] > at[open_]) | (at[open_] >= self.left[there])
            if but is not None:
                known = but[open_]
                wrong |= (known >= 0) & (self.person[there] == self.person[known])
            chosen[open_[wrong]] = NOBODY
            open_ = open_[wrong]
            if not len(open_):
                break
        return chosen

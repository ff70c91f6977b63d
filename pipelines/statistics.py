"""Estimates and their intervals, each written once: catalogue section 0.5 says the formulas.

In here: pure functions on numbers and numpy arrays. Not in here: which numbers are compared (the
metrics' SQL) and how DuckDB calls these functions (`duckdb_functions.py`). Only numpy is imported at the
start: dbt starts with this module, and scipy would double its start. It is loaded for the one thing that
needs it, quantiles of the beta distribution; scipy, statsmodels and lifelines are the oracles of the tests.
"""

from __future__ import annotations

import math
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


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    """Both in one shape. Raises ValueError when a success count is negative or above its number of trials."""
    x, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    if np.any((x < 0) | (x > n)):
        raise ValueError("successes must lie between 0 and the number of trials")
    return x, n


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    """Wilson limits of `successes / trials`, element by element, clipped to [0, 1]; NaN for no trials.

    Raises ValueError when any success count is negative or above its number of trials.
    """
    x, n = _counts(successes, trials)
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
    Raises ValueError when a success count is negative or above its number of trials.
    """
    _counts([x1, x2], [n1, n2])
    if n1 == 0 or n2 == 0:
        return Estimate(None, None, None)
    (low1, low2), (high1, high2) = wilson([x1, x2], [n1, n2])
    return difference((x1 / n1, low1, high1), (x2 / n2, low2, high2))


def difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> Estimate:
    """One estimate minus another: Newcombe's formula on the limits that both have, whatever they are of.

    one, other: value, low, high; a limit that is not reached is infinite. The interval holds for estimates
    that do not depend on each other; of windows that overlap it is too wide.
    """
    (p1, low1, high1), (p2, low2, high2) = one, other
    apart = p1 - p2
    return Estimate(
        apart, apart - math.hypot(p1 - low1, high2 - p2), apart + math.hypot(high1 - p1, p2 - low2)
    )


class WeightedShare(NamedTuple):
    """A weighted share with its limits, and the number of equally weighted answers that would say as much."""

    value: float | None
    low: float | None
    high: float | None
    n_eff: float | None


def weighted_share(sizes: ArrayLike, chosen: ArrayLike, answers: ArrayLike) -> WeightedShare:
    """The share of those who chose something, each stratum counting by its size.

    sizes: people of each stratum; chosen, answers: of those who answered in it, how many chose it and how
    many there are, at least one. An answer weighs size / answers; `n_eff` = (sum w)^2 / sum w^2 over answers
    (Kish), and the interval is Wilson's with it. All None without strata, and where nobody is in any of them.
    Raises ValueError when a size is negative, a stratum has no answer, or more choices than answers.
    """
    size, (x, n) = np.asarray(sizes, float), _counts(chosen, answers)
    if np.any(size < 0) or np.any(n <= 0):
        raise ValueError("every stratum has answers, and no size is negative")
    if not np.any(size > 0):
        return WeightedShare(None, None, None, None)
    value = float(np.sum(size * x / n) / np.sum(size))
    n_eff = float(np.sum(size) ** 2 / np.sum(size**2 / n))
    low, high = wilson(min(value * n_eff, n_eff), n_eff)
    return WeightedShare(value, float(low), float(high), n_eff)


class Bounds(NamedTuple):
    """Between which a share must lie."""

    low: float | None
    high: float | None


def share_bounds(with_it: float, known: float, total: float) -> Bounds:
    """Worst-case limits of a share of `total`, when only `known` of them are known and `with_it` have it.

    Both None when there is nobody. Raises ValueError unless with_it <= known <= total.
    """
    if not 0 <= with_it <= known <= total:
        raise ValueError("of all some are known, and of these some have it")
    if total == 0:
        return Bounds(None, None)
    return Bounds(with_it / total, (with_it + total - known) / total)


class Ratio(NamedTuple):
    """A ratio of two proportions; `continuity_corrected` when half a count was added to avoid a zero."""

    value: float | None
    low: float | None
    high: float | None
    continuity_corrected: bool


def katz(x1: float, n1: float, x2: float, n2: float) -> Ratio:
    """The ratio `(x1/n1) / (x2/n2)` with Katz's log interval; None when one side has no trials.

    When x1 or x2 is 0, 0.5 is added to all four numbers first, for the value and the interval.
    Raises ValueError when a success count is negative or above its number of trials.
    """
    _counts([x1, x2], [n1, n2])
    if n1 == 0 or n2 == 0:
        return Ratio(None, None, None, False)
    corrected = x1 == 0 or x2 == 0
    if corrected:
        x1, n1, x2, n2 = x1 + 0.5, n1 + 0.5, x2 + 0.5, n2 + 0.5
    ratio = (x1 / n1) / (x2 / n2)
    spread = Z * math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    return Ratio(ratio, ratio * math.exp(-spread), ratio * math.exp(spread), corrected)


class Shrunk(NamedTuple):
    """A group's shrunk rate. `flag`: `no_group_difference`, `not_shrinkable`, None for a real shrinkage."""

    value: float | None
    low: float | None
    high: float | None
    flag: str | None


def shrunk_rates(successes: ArrayLike, trials: ArrayLike) -> list[Shrunk]:
    """Empirical Bayes rates of several groups under a beta-binomial model, in the order given.

    Each rate is pulled towards the pooled one, the more so the smaller its group. The correlation within
    groups is estimated by moments; when it is zero every group gets the pooled rate and its Wilson interval.
    Fewer than three groups, or a pooled rate of 0 or 1: the raw rates with theirs. A group without trials
    has no rate and takes no part. Intervals are 2.5 % and 97.5 % quantiles of the posterior beta, widened to
    hold their value where nearly all mass sits at 0 and 1.
    Raises ValueError when a success count is negative or above its number of trials.
    """
    x, n = _counts(successes, trials)
    there = n >= 1
    if not there.any():
        return [Shrunk(None, None, None, None) for _ in n]
    groups, total = int(there.sum()), float(n[there].sum())
    pooled = float(x[there].sum()) / total
    if groups < 3 or pooled in (0.0, 1.0):
        low, high = wilson(x, n)
        return [
            Shrunk(float(a / b), float(c), float(d), "not_shrinkable") if b >= 1 else _NO_RATE
            for a, b, c, d in zip(x, n, low, high, strict=True)
        ]
    spread = float((n[there] * (x[there] / n[there] - pooled) ** 2).sum())
    divisor = total - float((n[there] ** 2).sum()) / total - (groups - 1)
    within = (spread / (pooled * (1 - pooled)) - (groups - 1)) / divisor if divisor > 0 else 0.0
    within = min(max(within, 0.0), 0.999)
    if within == 0:
        low, high = wilson(pooled * total, total)
        same = Shrunk(pooled, float(low), float(high), "no_group_difference")
        return [same if one else _NO_RATE for one in there]
    from scipy.special import betaincinv

    weight = (1 - within) / within
    a, b = x + weight * pooled, n - x + weight * (1 - pooled)
    value = a / (a + b)
    low, high = betaincinv(a, b, 0.025), betaincinv(a, b, 0.975)
    return [
        Shrunk(float(v), float(min(c, v)), float(max(d, v)), None) if one else _NO_RATE
        for one, v, c, d in zip(there, value, low, high, strict=True)
    ]


_NO_RATE = Shrunk(None, None, None, None)


def rank_intervals(low: ArrayLike, high: ArrayLike) -> list[tuple[int, int]]:
    """(best, worst) rank of each group, 1 the highest, from the limits of its interval.

    Best: one more than the groups whose interval lies entirely above; worst: all groups less those whose
    interval lies entirely below.
    """
    lows, highs = np.asarray(low, float), np.asarray(high, float)
    above = (lows[None, :] > highs[:, None]).sum(axis=1)
    below = (highs[None, :] < lows[:, None]).sum(axis=1)
    return [(1 + int(a), lows.size - int(b)) for a, b in zip(above, below, strict=True)]


def two_proportion_p(x1: float, n1: float, x2: float, n2: float) -> float | None:
    """Two-sided p of the pooled z test that two proportions are equal; None when one side has no trials.

    Raises ValueError when a success count is negative or above its number of trials.
    """
    _counts([x1, x2], [n1, n2])
    if n1 == 0 or n2 == 0:
        return None
    pooled = (x1 + x2) / (n1 + n2)
    if pooled in (0, 1):
        return 1.0
    z = (x1 / n1 - x2 / n2) / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return math.erfc(abs(z) / math.sqrt(2))


def benjamini_hochberg(p_values: ArrayLike, level: float = 0.05) -> list[bool]:
    """Which of several comparisons are evident at this false discovery rate, in the order given.

    NaN: a comparison that could not be made; it is not evident and does not count.
    """
    p = np.asarray(p_values, float)
    made = np.flatnonzero(~np.isnan(p))
    evident = np.zeros(p.size, bool)
    if made.size:
        ordered = np.sort(p[made])
        passed = np.flatnonzero(ordered <= level * np.arange(1, made.size + 1) / made.size)
        if passed.size:
            evident[made] = p[made] <= ordered[passed[-1]]
    return [bool(one) for one in evident]


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
class SurvivalCurves:
    """Kaplan-Meier curves of several samples: S just after each distinct time with an event, and its limits.

    sizes: items of each sample. ends: where in the other arrays each curve ends and the next one begins.
    times ascend within a curve. The limits are NaN where S is 1 or 0: the log-log transform has no value
    there.
    """

    sizes: NDArray[np.int64]
    ends: NDArray[np.int64]
    times: Floats
    survival: Floats
    low: Floats
    high: Floats

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each curve begins."""
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])

    def at(self, times: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """S at one time a curve, and its limits.

        Before the first event it is 1 without limits; of an empty sample NaN.
        """
        asked = np.repeat(np.asarray(times, float), self.ends - self.starts)
        passed = np.concatenate([[0], np.cumsum(self.times <= asked)])
        last = self.starts + (passed[self.ends] - passed[self.starts]) - 1
        has_event = last >= self.starts
        return (
            _taken(self.survival, last, has_event, np.where(self.sizes > 0, 1.0, np.nan)),
            _taken(self.low, last, has_event, np.nan),
            _taken(self.high, last, has_event, np.nan),
        )

    def medians(self) -> tuple[Floats, Floats, Floats]:
        """The first time with S <= 0.5, and the first times at which its limits are; NaN if never."""
        return (
            self._first_at_half(self.survival),
            self._first_at_half(self.low),
            self._first_at_half(self.high),
        )

    def _first_at_half(self, curves: Floats) -> Floats:
        # A product of fractions that is exactly a half may come out a rounding above it.
        below = np.flatnonzero(curves <= 0.5 + 1e-12)
        first = np.append(below, self.times.size)[np.searchsorted(below, self.starts)]
        return _taken(self.times, first, first < self.ends, np.nan)


def _taken(
    values: Floats, places: NDArray[np.int64], where: NDArray[np.bool_], otherwise: ArrayLike
) -> Floats:
    """The values in these places; where they are none, something else."""
    taken = np.full(places.size, otherwise, float)
    taken[where] = values[places[where]]
    return taken


def kaplan_meier(durations: ArrayLike, observed: ArrayLike, sizes: ArrayLike | None = None) -> SurvivalCurves:
    """The product over event times of `1 - events / at risk`, Greenwood variance, log-log interval.

    durations: times >= 0, one an item; observed: True where the item ended then, False where it was
    still open (censored). At equal times events come before censorings. sizes: how many items each
    sample has, one sample after the other; all are one sample unless given.
    Raises ValueError for lengths that differ and for negative or missing durations.
    """
    time, event = np.asarray(durations, float), np.asarray(observed, bool)
    counts = np.asarray([time.size] if sizes is None else sizes, np.int64)
    if time.shape != event.shape or counts.sum() != time.size:
        raise ValueError("durations and observed must have the same length")
    if time.size and not np.all(time >= 0):
        raise ValueError("durations must be numbers of at least 0")
    sample = np.repeat(np.arange(counts.size), counts)
    order = np.lexsort((time, sample))
    time, event = time[order], event[order]
    is_new = np.ones(time.size, bool)
    is_new[1:] = (sample[1:] != sample[:-1]) | (time[1:] != time[:-1])
    first = np.flatnonzero(is_new)
    events = np.add.reduceat(event, first, dtype=np.int64) if first.size else first
    first, events = first[events > 0], events[events > 0]
    at_risk = np.cumsum(counts)[sample[first]] - first
    ends = np.searchsorted(sample[first], np.arange(counts.size), side="right").astype(np.int64)
    survival, greenwood = np.empty(first.size), np.empty(first.size)
    factors = 1 - events / at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = events / (at_risk * (at_risk - events))
        start = 0
        for end in ends.tolist():
            if end > start:
                np.cumprod(factors[start:end], out=survival[start:end])
                np.cumsum(variances[start:end], out=greenwood[start:end])
            start = end
        spread = Z * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(spread), survival ** np.exp(-spread)
    defined = (survival > 0) & (survival < 1)
    return SurvivalCurves(
        counts, ends, time[first], survival,
        np.where(defined, low, np.nan), np.where(defined, high, np.nan),
    )  # fmt: skip


def kaplan_meier_median(durations: ArrayLike, observed: ArrayLike) -> Estimate:
    """The median time to the event and its limits; all None for an empty sample."""
    return Estimate(*(_number(one[0]) for one in kaplan_meier(durations, observed).medians()))


def survival_at(durations: ArrayLike, observed: ArrayLike, time: float) -> Estimate:
    """S(time) of the Kaplan-Meier curve with its limits; all None for an empty sample."""
    return Estimate(*(_number(one[0]) for one in kaplan_meier(durations, observed).at([time])))


def log_rank_p(
    durations1: ArrayLike, observed1: ArrayLike, durations2: ArrayLike, observed2: ArrayLike
) -> float | None:
    """Two-sided p of the log-rank test that two survival curves are the same; None without any event.

    Arguments as for `kaplan_meier`, one pair a group. Chi-square with one degree of freedom, no correction.
    """
    time1, time2 = np.asarray(durations1, float), np.asarray(durations2, float)
    event1, event2 = np.asarray(observed1, bool), np.asarray(observed2, bool)
    times = np.unique(np.concatenate([time1[event1], time2[event2]]))
    if not times.size or not time1.size or not time2.size:
        return None

    def counted(time: Floats, event: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        at_risk = time.size - np.searchsorted(np.sort(time), times, side="left")
        ended = np.sort(time[event])
        events = np.searchsorted(ended, times, side="right") - np.searchsorted(ended, times, side="left")
        return at_risk.astype(float), events.astype(float)

    risk1, events1 = counted(time1, event1)
    risk2, events2 = counted(time2, event2)
    risk, events = risk1 + risk2, events1 + events2
    surplus = float((events1 - risk1 * events / risk).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = risk1 * risk2 * events * (risk - events) / (risk**2 * (risk - 1))
    variance = float(np.where(risk > 1, parts, 0).sum())
    if variance == 0:
        return None
    return math.erfc(math.sqrt(surplus**2 / variance / 2))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

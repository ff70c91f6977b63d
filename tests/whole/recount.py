"""More metrics in pandas, from the catalogue's sentences and the facts of `recompute`: values alone.

Written without a look at the models. In here: what a value is where it can be given, for the whole community
and some slices. Not in here: states, flags and group sizes; `recompute` does these for the metrics it covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tests.whole.recompute import CORE_DAYS, DAY, REGULAR_DAYS, Community

Value = dict[str, Any]
LEVELS = ("core", "regular", "casual", "drifting", "inactive")


def _value(metric: str, grain: str, window: tuple[Any, Any], value: float, **more: Any) -> Value:
    period = {"grain": grain, "period_start": window[0], "period_end": window[1]}
    return {"metric": metric, **period, "value": value, **more}


def _share(x: float, n: float) -> dict[str, float]:
    return {"value": x / n if n else np.nan, "numerator": x, "denominator": n}


class Recount:
    """The facts with what several metrics ask of them; instants are UTC, windows half-open."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.facts = community.facts
        starts = [window[0] for window in community.months() if window[0].month % 3 == 1]
        self.quarters = list(pairwise(starts))
        last = community.months()[-1][1]
        if starts and starts[-1] + pd.DateOffset(months=3) <= last:
            self.quarters.append((starts[-1], starts[-1] + pd.DateOffset(months=3)))
        self.level = cache(self._level)

    def horizon(self, window: tuple[Any, Any]) -> pd.Timestamp:
        """Until when all sources that feed a window are stored."""
        community = self.community
        return min(end for source, end in community.watermark.items() if community.feeds(window, source))

    def between(
        self, begin: pd.Timestamp, end: pd.Timestamp, facts: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        facts = self.facts if facts is None else facts
        low, high = facts["at"].searchsorted((begin, end))
        return facts.iloc[low:high]

    def days(self, begin: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        """person -> active days in [begin, end)."""
        return self.between(begin, end).groupby("person")["day"].nunique()

    def _level(self, at: pd.Timestamp) -> pd.Series:
        """person -> activity level at an instant; nobody who had not begun."""
        thirds = pd.concat(
            [self.days(at - (30 * n + 30) * DAY, at - 30 * n * DAY) for n in range(3)], axis=1
        ).fillna(0)
        total, active = thirds.sum(axis=1), (thirds > 0).sum(axis=1)
        is_core = (active == 3) & (total >= CORE_DAYS)
        is_regular = ((active >= 2) & (total >= REGULAR_DAYS)) | (total >= CORE_DAYS)
        now = pd.Series(np.select([is_core, is_regular], ["core", "regular"], "casual"), index=total.index)
        before = set(self.between(at - 180 * DAY, at - 90 * DAY)["person"]) - set(now.index)
        ever = set(self.between(self.facts["at"].min(), at)["person"]) - set(now.index) - before
        rest = {**dict.fromkeys(before, "drifting"), **dict.fromkeys(ever, "inactive")}
        return pd.concat([now, pd.Series(rest, dtype=object)])


def _in_several_areas(facts: pd.DataFrame) -> set[str]:
    areas = facts.groupby("person")["area"].nunique()
    return set(areas[areas >= 2].index)


def newcomer_retention(recount: Recount) -> Iterator[Value]:
    """Newcomers of a month with a contribution in [first + a, first + b)."""
    community = recount.community
    for window in community.months():
        first = community.first[(community.first >= window[0]) & (community.first < window[1])]
        first = first[~first.index.isin(community.left_censored)]
        theirs = recount.facts[recount.facts["person"].isin(first.index)]
        age = theirs["day"] - theirs["person"].map(first)
        for name, (a, b) in {"1_30d": (1, 30), "30_60d": (30, 60), "90_180d": (90, 180)}.items():
            if window[1] + b * DAY > recount.horizon(window):
                continue
            back = theirs.loc[(age >= a * DAY) & (age < b * DAY), "person"].nunique()
            yield _value("newcomer_retention", "month", window, category=name, population="all",
                         **_share(back, len(first)))  # fmt: skip


def multi_area_share(recount: Recount) -> Iterator[Value]:
    """Of the persons of a year, those with two areas in two years; at once, or one after the other."""
    ends = [window[1] for window in recount.community.months()]
    several_areas = cache(lambda end: _in_several_areas(recount.between(end - 90 * DAY, end)))
    for window in recount.quarters:
        at = window[1]
        active = set(recount.between(at - 365 * DAY, at)["person"])
        several = active & _in_several_areas(recount.between(at - 730 * DAY, at))
        together = set[str]()
        for end in ends:
            if at - 730 * DAY < end <= at:
                together |= several & several_areas(end)
        for category, persons in ((None, several), ("simultaneous", together),
                                  ("sequential", several - together)):  # fmt: skip
            yield _value("multi_area_share", "quarter", window, category=category, population="all",
                         **_share(len(persons), len(active)))  # fmt: skip


def mdm_contributors(recount: Recount) -> Iterator[Value]:
    """The persona: regular, deep, in several areas; volunteers and people of unknown affiliation alone."""
    ours = recount.facts[recount.facts["affiliation"].isin(("volunteer", "unknown"))]
    ours = ours.assign(month=ours["day"].dt.to_period("M").astype("int64"))
    for window in recount.community.months():
        at = window[1]
        count = recount.between(at - pd.DateOffset(months=12), at, ours).groupby("person")["month"].nunique()
        areas = recount.between(at - 730 * DAY, at, ours).groupby("person")["area"].nunique()
        days = recount.between(at - 365 * DAY, at, ours).groupby("person")["day"].nunique()
        for category, (of_months, of_days, of_areas) in {
            None: (6, 24, 2), "loose": (4, 12, 2), "strict": (9, 52, 3),
        }.items():  # fmt: skip
            found = set(count[count >= of_months].index) & set(days[days >= of_days].index)
            found &= set(areas[areas >= of_areas].index)
            yield _value("mdm_contributors", "month", window, len(found), category=category,
                         population="community")  # fmt: skip


def diversity_index(recount: Recount) -> Iterator[Value]:
    """The chance that two of the active persons whose region is known are of different regions."""
    community = recount.community
    for window in community.months():
        inside = recount.between(*window)
        for area in community.areas:
            people = set(inside["person"] if area is None else inside.loc[inside["area"] == area, "person"])
            countries = [community.countries[person] for person in people if person in community.countries]
            counts = pd.Series([community.regions[country] for country in countries]).value_counts()
            n = counts.sum()
            if n >= 2:
                index = 1 - (counts * (counts - 1)).sum() / (n * (n - 1))
                yield _value("diversity_index", "month", window, index, area=area, attribute="region",
                             population="all")  # fmt: skip


def region_absence_factor(recount: Recount) -> Iterator[Value]:
    """The fewest persons who hold half of the active days of a region in a year."""
    community = recount.community
    region = {person: community.regions[code] for person, code in community.countries.items()}
    for window in recount.quarters:
        inside = recount.between(window[1] - 365 * DAY, window[1])
        inside = inside.assign(region=inside["person"].map(region).fillna("unknown"))
        for code, rows in inside.groupby("region"):
            held = rows.groupby("person")["day"].nunique().sort_values(ascending=False).cumsum().to_numpy()
            if len(held) >= 5:
                factor = int(np.argmax(2 * held >= held[-1])) + 1
                yield _value("region_absence_factor", "quarter", window, factor, region=code,
                             population="all")  # fmt: skip


def activity_level_distribution(recount: Recount) -> Iterator[Value]:
    for window in recount.community.months():
        counts = recount.level(window[1]).value_counts()
        for level in LEVELS:
            yield _value("activity_level_distribution", "month", window, int(counts.get(level, 0)),
                         level=level, population="all")  # fmt: skip


def level_transition_matrix(recount: Recount) -> Iterator[Value]:
    """The share of a level that is at each level ninety days later."""
    for window in recount.quarters:
        before, now = recount.level(window[1] - 90 * DAY), recount.level(window[1])
        for level in LEVELS:
            people = before[before == level].index
            moved = now.reindex(people).value_counts()
            for to in LEVELS:
                yield _value("level_transition_matrix", "quarter", window, level=level, category=to,
                             population="all", **_share(int(moved.get(to, 0)), len(people)))  # fmt: skip


def contributor_net_flow(recount: Recount) -> Iterator[Value]:
    """Persons not inactive at the end of a month less those at its beginning."""
    for window in recount.community.months():
        stock = [set(recount.between(at - 180 * DAY, at)["person"]) for at in window]
        yield _value("contributor_net_flow", "month", window, len(stock[1]) - len(stock[0]),
                     population="all")  # fmt: skip


def reactivation_rate(recount: Recount) -> Iterator[Value]:
    """Of those silent for half a year to a year and a half, who was active again within the quarter."""
    begun = recount.facts["at"].min()
    for window in recount.quarters:
        at = window[1]
        last = recount.between(begun, at - 90 * DAY).groupby("person")["day"].max()
        silent = set(last[(last >= at - 630 * DAY) & (last < at - 270 * DAY)].index)
        back = silent & set(recount.between(at - 90 * DAY, at)["person"])
        yield _value("reactivation_rate", "quarter", window, category="180_540d", population="all",
                     **_share(len(back), len(silent)))  # fmt: skip


def burnout_signal(recount: Recount) -> Iterator[Value]:
    """Of the steady with a year behind them, those whose active days fell by three quarters."""
    for window in recount.quarters:
        at = window[1]
        level = recount.level(at - 90 * DAY)
        steady = level[level.isin(("core", "regular"))].index
        first = recount.community.first.reindex(steady)
        steady = steady[(first <= at - (90 + 365) * DAY).to_numpy()]
        before = recount.days(at - 450 * DAY, at - 90 * DAY).reindex(steady).fillna(0) / 4
        judged = before[before >= 6]
        now = recount.days(at - 90 * DAY, at).reindex(judged.index).fillna(0)
        yield _value("burnout_signal", "quarter", window, population="all",
                     **_share(int((now <= 0.25 * judged).sum()), len(judged)))  # fmt: skip


def affiliation_unknown_share(recount: Recount) -> Iterator[Value]:
    for window in recount.community.months():
        inside = recount.between(*window)
        for source in (None, *sorted(set(inside["source"]))):
            rows = inside if source is None else inside[inside["source"] == source]
            unknown = rows.loc[rows["affiliation"] == "unknown", "person"].nunique()
            yield _value("affiliation_unknown_share", "month", window, source=source,
                         **_share(unknown, rows["person"].nunique()))  # fmt: skip


METRICS: dict[str, Callable[[Recount], Iterator[Value]]] = {
    metric.__name__: metric
    for metric in (
        newcomer_retention, multi_area_share, mdm_contributors, diversity_index, region_absence_factor,
        activity_level_distribution, level_transition_matrix, contributor_net_flow, reactivation_rate,
        burnout_signal, affiliation_unknown_share,
    )
}  # fmt: skip


def recount(counted: Recount, metric: str) -> pd.DataFrame:
    """Every value of one metric that is given here: its dimensions, value, numerator, denominator."""
    return pd.DataFrame(list(METRICS[metric](counted)))

"""Disclosure control: who may see which cell of the metric values, and how exactly.

In here: minimum groups and rounding as pure functions on frames in the shape of `metrics.metric_value`
(catalogue 0.7). Not in here: judging what came out (`expectations/publish/`), writing it (`publish.py`).

Suppression has two halves: `small_cells` says which rows must be hidden, `hide` hides rows. Whatever
else must be hidden to protect them is one more set of rows for `hide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.metric_shape import MEASURES

Kind = Literal["count", "share", "ratio", "signed", "other"]
"""What a value is, told by its metric's unit: how it is rounded, whether it needs a denominator, and may it
be negative (`signed`)."""

SHARE_UNITS = frozenset({"share", "fraction", "proportion"})
SIGNED_UNITS = frozenset({"difference", "attainment"})
COUNT_UNITS = frozenset({"contributions", "contributors", "count", "events", "people", "persons"})
"""Numbers of people or acts, as a whole unit: `persons (fewest)` is an order statistic and no count."""


@dataclass(frozen=True)
class Audience:
    """Who reads a file. k: the fewest persons behind a number. rounding: of counts, None for exact ones."""

    name: str
    k: int
    rounding: int | None = None


AUDIENCES = (Audience("internal", k=5), Audience("public", k=10, rounding=5))


def kind_of(unit: str) -> Kind:
    """`share of bugs` -> share, `events per 100 people` -> ratio, `difference of shares` -> signed,
    `people` -> count, `hours` -> other."""
    words = [word.strip("(),") for word in unit.lower().split()]
    if words and words[0] in SIGNED_UNITS:
        return "signed"
    if words and words[0] in SHARE_UNITS:
        return "share"
    if "ratio" in words or "per" in words:
        return "ratio"
    return "count" if unit.strip().lower() in COUNT_UNITS else "other"


def protect(frame: pd.DataFrame, audience: Audience, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """The rows as this audience may see them. kinds: metric -> what its values are.

    Row order and columns stay; `smallest_group` is still in it, for the gate, and must not be published.
    """
    protected = suppress(frame, audience.k)
    return protected if audience.rounding is None else round_for_public(protected, kinds, audience.rounding)


def suppress(frame: pd.DataFrame, k: int) -> pd.DataFrame:
    """Simple suppression: every cell with fewer than k persons behind it is hidden; zero is not."""
    return hide(frame, small_cells(frame, k))


def small_cells(frame: pd.DataFrame, k: int) -> pd.Series:
    """True for rows with 0 < persons < k behind their numerator or denominator.

    smallest_group: the smaller of the two groups; null where nobody is behind a number (lag of a source).
    persons is asked too: of nobody among three, the three must not be told either.
    """
    return frame[["smallest_group", "persons"]].apply(lambda group: (group > 0) & (group < k)).any(axis=1)


def hide(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """A copy in which `rows` say `suppressed` and nothing else; all measures are floats then."""
    hidden = frame.copy()
    hidden["status"] = frame["status"].mask(rows, "suppressed")
    hidden["flags"] = frame["flags"].astype(object).mask(rows, None)
    for name in MEASURES:
        hidden[name] = frame[name].astype(float).mask(rows)
    return hidden


def round_for_public(frame: pd.DataFrame, kinds: Mapping[str, Kind], to: int = 5) -> pd.DataFrame:
    """A copy in which no number about people is exact.

    Counts go to the nearest multiple of `to` (half of it upwards), shares to whole percent, all other
    values to two significant digits, because a longer ratio gives its two counts away. Every step keeps
    the order of numbers, so that an interval still holds its value. Rows with nobody behind them stay.
    """
    rounded = frame.copy()
    about_people = frame["smallest_group"].notna() | frame["persons"].notna()
    kind = frame["metric"].map(kinds)
    for name in ("numerator", "denominator", "persons"):
        rounded[name] = frame[name].mask(about_people, to_multiple(frame[name], to))
    for name in ("coverage", "unknown_affiliation_share"):
        rounded[name] = frame[name].mask(about_people, to_percent(frame[name]))
    for name in ("value", "ci_low", "ci_high", "value_with_probable"):
        exact = frame[name].astype(float)
        for rows, numbers in (
            (about_people & (kind == "count"), to_multiple(exact, to)),
            (about_people & (kind == "share"), to_percent(exact)),
            (about_people & kind.isin(["ratio", "signed", "other"]), to_two_digits(exact)),
        ):
            rounded[name] = rounded[name].mask(rows, numbers)
    return rounded


def to_multiple(numbers: pd.Series, to: int) -> pd.Series:
    return (numbers.astype(float) / to + 0.5).map(np.floor) * to


def to_percent(numbers: pd.Series) -> pd.Series:
    return numbers.astype(float).round(2)


def to_two_digits(numbers: pd.Series) -> pd.Series:
    return numbers.astype(float).map(lambda number: float(f"{number:.1e}"))

"""Bands in the place of numbers that may not be read alone: too few affiliations are known (`band_only`).

A band goes from the end in which nobody of unknown affiliation is on staff to the one in which everybody is;
both are published beside the number. Not in here: which numbers are marked (the warehouse), which rows are
ends (`metric_shape.py`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboards import words
from dashboards.data import records_of
from pipelines.metric_shape import ENDS, between_ends, is_marked, slice_without

NAMES = {
    "low": "band",
    "low_all": "all_by_staff",
    "regions": "band",
    "staff_low": "staff",
    "volunteer_low": "volunteer",
}
"""The category of a low end -> that of its band; others keep theirs."""

Row = dict[str, Any]


def without_single(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without those that stand between both ends of a band and may not be read alone."""
    return rows[~pd.Series(between_ends(records_of(rows)), index=rows.index, dtype=bool)]


def fold(rows: pd.DataFrame, unit: str, audience: str) -> pd.DataFrame:
    """The rows, worded as on a card; both ends of each band are one row, before all others.

    An end that is suppressed has lost its mark, so that the other's is enough.
    """
    if not rows["flags"].map(is_marked).any():
        return rows
    records = records_of(rows)
    for dimension, low, high in ENDS:
        lows, highs = (
            {slice_without(row, dimension): row for row in records if row[dimension] == end}
            for end in (low, high)
        )
        both = {
            place: (row, highs[place])
            for place, row in lows.items()
            if place in highs and (is_marked(row["flags"]) or is_marked(highs[place]["flags"]))
        }
        rest = [
            row
            for row in records
            if row[dimension] not in (low, high) or slice_without(row, dimension) not in both
        ]
        records = [_band(*ends, dimension, unit, audience) for ends in both.values()] + rest
    return pd.DataFrame(records, columns=list(rows.columns))


def _band(low: Row, high: Row, dimension: str, unit: str, audience: str) -> Row:
    """One row from two: the number, and what is said of it, go from end to end."""
    ends = [low, high]
    if pd.notna(low["value"]) and pd.notna(high["value"]):
        ends.sort(key=lambda end: float(end["value"]))
    known = next((end for end in ends if pd.notna(end["value"])), low)
    band = {
        **known,
        dimension: NAMES.get(low["category"], low["category"])
        if dimension == "category"
        else high[dimension],
        "ci_low": ends[0]["ci_low"],
        "ci_high": ends[1]["ci_high"],
        "shown": _said(ends, "shown"),
        "probable": _said(ends, "probable") if all(end["probable"] for end in ends) else "",
    }
    sure = all(pd.notna(end["value"]) for end in ends)
    return {**band, "interval": words.interval(band, unit, audience) if sure else ""}


def _said(ends: list[Row], what: str) -> str:
    """Both ends; beside a number, why the other end is not there in a word."""
    short = any(pd.notna(end["value"]) for end in ends)
    said = [
        str(end[what]).partition(" (")[0] if short and pd.isna(end["value"]) else str(end[what])
        for end in ends
    ]
    return " to ".join(dict.fromkeys(said))

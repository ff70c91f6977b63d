"""Selections and bodies that several cards share: a series, a headline with its comparisons, a trend.

Not in here: the frame (`card.py`), figures (`charts.py`), and anything that belongs to one page only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import charts, words
from dashboards.card import Shown, View, how_sure
from dashboards.data import EACH, Published, Split

Rows = Callable[[Published, View], pd.DataFrame]


def months(published: Published) -> list[datetime]:
    """Ends (exclusive) of the months that can be looked at, oldest first: those with a total of people."""
    rows = published.select("active_contributors", ("month",))
    there = rows[rows["status"].isin(["complete", "provisional", "suppressed"])]
    return sorted(pd.Timestamp(end).to_pydatetime() for end in there["period_end"].unique())


def areas(published: Published) -> list[str]:
    """Contribution areas whose people are published by region, in the order of `words.AREAS`."""
    rows = published.select("active_contributors_by_region", ("month",), region=EACH, area=EACH)
    found = set(rows["area"])
    return [*(area for area in words.AREAS if area in found), *sorted(found - set(words.AREAS))]


def series(metric: str, *, by_area: bool = False, **dimensions: str | Sequence[str] | Split) -> Rows:
    """Monthly rows up to the chosen month; by_area: of the chosen area instead of all."""

    def rows(published: Published, view: View) -> pd.DataFrame:
        chosen = {"area": view.area} if by_area else {}
        found = published.select(metric, ("month",), until=view.month, **dimensions, **chosen)
        return since(found, view)

    return rows


def since(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    return rows if view.since is None else rows[rows["period_end"] > view.since]


def of_month(
    metric: str, grains: Sequence[str] = ("month",), **dimensions: str | Sequence[str] | Split
) -> Rows:
    """Rows of the chosen month alone; of the last period that ends in or before it for longer grains."""

    def rows(published: Published, view: View) -> pd.DataFrame:
        found = published.select(metric, grains, until=view.month, **dimensions)
        if set(found["grain"]) == {"month"} and view.month is not None:
            return found[found["period_end"] == view.month]
        return found[found["period_end"] == found["period_end"].max()]

    return rows


def at(rows: pd.DataFrame, grain: str, end: pd.Timestamp | None) -> dict[str, Any] | None:
    """The row of one grain that ends at this instant, or None."""
    found = rows[(rows["grain"] == grain) & (rows["period_end"] == end)]
    return None if found.empty else {str(name): value for name, value in found.iloc[0].items()}


def headline_rows(metric: str, *, by_region: bool = False, by_area: bool = False) -> Rows:
    """Months of a series, and the 90 days that end with the chosen month and three months before it.

    by_region, by_area: of the chosen region or area, where one is chosen, instead of all.
    """

    def rows(published: Published, view: View) -> pd.DataFrame:
        split = {"region": view.region if by_region else None, "area": view.area if by_area else None}
        monthly = since(published.select(metric, ("month",), until=view.month, **split), view)
        ends = [view.months_back(0), view.months_back(3)]
        quarter = published.select(metric, ("trailing_90d",), until=view.month, **split)
        found = [part for part in (quarter[quarter["period_end"].isin(ends)], monthly) if len(part)]
        return pd.concat(found, ignore_index=True) if found else monthly

    return rows


def headline(shown: Shown) -> list[Component]:
    """The number of the chosen month, large; what it is compared with, each with both values; the trend."""
    rows, view = shown.rows, shown.view
    end = view.months_back(0)
    now = at(rows, "month", end)
    if now is None:
        return [html.P("No value for this month in this version.", className="none")]
    beginning = first_measured(rows[rows["grain"] == "month"])
    compared = [
        (words.month(before["at"]), before, now)
        for before in (at(rows, "month", view.months_back(1)), at(rows, "month", view.months_back(12)))
        if before is not None and before["period_end"] != beginning
    ]
    quarter, earlier = at(rows, "trailing_90d", end), at(rows, "trailing_90d", view.months_back(3))
    body: list[Component] = [number(shown, now)]
    if compared:
        body.append(html.Ul([html.Li(comparison(shown, *each)) for each in compared], className="compare"))
    if quarter is not None:
        lines: list[Any] = [html.Strong(quarter["shown"]), f" in {words.period(quarter)}"]
        if earlier is not None:
            lines += [html.Br(), *comparison(shown, words.period(earlier), earlier, quarter)]
        body.append(html.P(lines, className="quarter"))
    sure = how_sure(shown, now)
    if sure:
        body.append(html.P(sure, className="sure"))
    monthly = rows[rows["grain"] == "month"]
    there = monthly[monthly["value"].notna()]
    if len(there) > 1 and shown.card.width == "third":
        body.append(shown.graph(charts.spark(monthly), said_trend(shown, monthly), class_name="graph spark"))
        first, last = (words.short_month(there["at"].iloc[place]) for place in (0, -1))
        body.append(html.P([html.Span(first), html.Span(last)], className="ends"))
    elif len(there) > 1:
        body.append(shown.graph(charts.trend(monthly, shown.unit, height=200), said_trend(shown, monthly)))
    return body


def first_measured(monthly: pd.DataFrame) -> pd.Timestamp | None:
    """The end of the first month that could be measured after months that could not: it starts a count and is
    nothing to compare with. None where all could be."""
    ordered = monthly.sort_values("period_end")
    there = ordered["status"] != "unavailable"
    if there.all() or not there.any() or there.iloc[0]:
        return None
    return pd.Timestamp(ordered.loc[there, "period_end"].iloc[0])


def number(shown: Shown, row: dict[str, Any]) -> Component:
    return html.P(row["shown"], className="big" if pd.notna(row["value"]) else "big absent")


def comparison(shown: Shown, name: str, before: dict[str, Any], now: dict[str, Any]) -> list[Component | str]:
    """The change of a number with the value that it is a change from, or that value alone."""
    change = shown.change(now, before)
    if change is None:
        return [f"{name}: {before['shown']}"]
    joint = " from " if change == words.NO_CHANGE else " on "
    return [html.Strong(change), f"{joint}{name} ({before['shown']})"]


def trend(shown: Shown) -> list[Component]:
    """The latest value with its interval, then the series."""
    latest = shown.latest()
    if latest is None:
        return []
    before = at(shown.rows, "month", pd.Timestamp(latest["period_end"]) - pd.DateOffset(months=1))
    body: list[Component] = [number(shown, latest)]
    if before is not None:
        body.append(
            html.Ul(
                [html.Li(comparison(shown, words.month(before["at"]), before, latest))],
                className="compare",
            )
        )
    sure = how_sure(shown, latest)
    if sure:
        body.append(html.P(sure, className="sure"))
    body.append(shown.graph(charts.trend(shown.rows, shown.unit), said_trend(shown, shown.rows)))
    return body


def said_trend(shown: Shown, rows: pd.DataFrame) -> str:
    """A series in one sentence."""
    there = rows[rows["value"].notna()]
    title = shown.declaration.title
    if there.empty:
        return f"{title} by month: no value."
    first, last = there.iloc[0], there.iloc[-1]
    gaps = len(rows) - len(there)
    return (
        f"{title} by month, from {first['shown']} in {words.month(first['at'])} "
        f"to {last['shown']} in {words.month(last['at'])}"
        + (f"; {gaps} months without a value." if gaps else ".")
    )

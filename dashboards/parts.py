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

from dashboards import charts, evidence, words
from dashboards.card import Shown, View, how_sure, record
from dashboards.data import EACH, Published, Split

Rows = Callable[[Published, View], pd.DataFrame]
Row = dict[str, Any]
Said = list[Component | str]

MONTHS_BACK = {"month": 3, "quarter": 3, "year": 12}
"""How far back lies what a value is compared with, by its grain; for windows that end with a month, three."""


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
        said = comparisons(shown, compared)
        body.append(html.Ul([html.Li(each) for each in said], className="compare"))
    if quarter is not None:
        lines: list[Any] = [html.Strong(quarter["shown"]), f" in {words.period(quarter)}"]
        if earlier is not None:
            (change,) = comparisons(shown, [(words.period(earlier), earlier, quarter)])
            lines += [html.Br(), *change]
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


def comparison(shown: Shown, name: str, before: Row, now: Row) -> Said:
    """The change of a number with the value that it is a change from; that value alone, or why it is none."""
    change = shown.change(now, before)
    if change is None:
        why: list[str] = words.flags(before["flags"]) if pd.isna(before["value"]) else []
        return [f"{name}: {', '.join([before['shown'], *why])}"]
    joint = " from " if change == words.NO_CHANGE else " on "
    return [html.Strong(change), f"{joint}{name} ({before['shown']})"]


def comparisons(shown: Shown, pairs: Sequence[tuple[str, Row, Row]]) -> list[Said]:
    """For each (name of the earlier period, its row, the newer row) the change, and whether it is evident.

    All pairs are judged together: see `evidence.of_changes`.
    """
    values = [(now, before) for _, before, now in pairs]
    sure = evidence.of_changes(values, shown.unit, shown.published.release.audience)
    told = [(comparison(shown, *pair), said) for pair, said in zip(pairs, sure, strict=True)]
    return [[*change, *([f", {said}"] if said else [])] for change, said in told]


def earlier(rows: pd.DataFrame, row: Row) -> Row | None:
    """What a row is compared with: that of a quarter before, of a year before for years, of the wave before.

    rows: of its series. None where there is none or it begins a count.
    """
    grain, end = str(row["grain"]), row["period_end"]
    if pd.isna(end) or rows.empty:
        return None
    if grain == "wave":
        before = rows[rows["period_end"] < end].sort_values("period_end", kind="stable")
        return record(before.iloc[-1]) if len(before) else None
    months = MONTHS_BACK.get(grain, 3 if grain.startswith("trailing_") else None)
    if months is None:
        return None
    there = pd.Timestamp(end) - pd.DateOffset(months=months)
    return None if there == first_measured(rows) else at(rows, grain, there)


def changes(shown: Shown, newest: Sequence[Row]) -> list[Said]:
    """What each category's newest value is compared with, and whether the change is evident.

    Nothing where one of the two has no value: the chart shows what there is.
    """
    pairs: list[tuple[str, Row, Row] | None] = []
    for row in newest:
        category = shown.rows["category"]
        same: pd.Series[bool] = category.isna() if pd.isna(row["category"]) else category.eq(row["category"])
        before = earlier(shown.rows[same], row)
        if before is None or pd.isna(row["value"]) or pd.isna(before["value"]):
            pairs.append(None)
        else:
            pairs.append((words.period(before), before, row))
    said = iter(comparisons(shown, [pair for pair in pairs if pair is not None]))
    return [[] if pair is None else next(said) for pair in pairs]


def trend(shown: Shown) -> list[Component]:
    """The latest value with its interval, then the series."""
    latest = shown.latest()
    if latest is None:
        return []
    before = at(shown.rows, "month", pd.Timestamp(latest["period_end"]) - pd.DateOffset(months=1))
    body: list[Component] = [number(shown, latest)]
    if before is not None:
        (said,) = comparisons(shown, [(words.month(before["at"]), before, latest)])
        body.append(html.Ul([html.Li(said)], className="compare"))
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

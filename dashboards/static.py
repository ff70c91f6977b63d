"""Components of pages as plain HTML, and small charts as SVG: what a file shows that runs no program.

Every text is escaped. What only a running page can do is left out: a link to another page is its text.
Not in here: which rows (`report.py`), charts of pages (`charts.py`).
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from dash import dcc
from dash.development.base_component import Component
from markupsafe import Markup, escape

from dashboards import charts, theme

VOID = frozenset({"br", "hr", "img", "link", "meta"})
NAMES = {"className": "class", "htmlFor": "for"}
"""Properties whose attribute has another name; the others are theirs in small letters."""


class NotStatic(Exception):
    """A component that is nothing without the program around it, such as a chart of a page."""


def markup(part: Any) -> Markup:
    """HTML of components, texts and ready markup, in order. Raises NotStatic for a part that has none."""
    if part is None:
        return Markup()
    if isinstance(part, Markup):
        return part
    if isinstance(part, list | tuple):
        return Markup().join(markup(each) for each in part)
    if not isinstance(part, Component):
        return escape(str(part))
    if isinstance(part, dcc.Link):
        return markup(part.children)
    told = part.to_plotly_json()
    if told["namespace"] != "dash_html_components":
        raise NotStatic(f"{told['type']} cannot be put into a file")
    tag, properties = told["type"].lower(), dict(told["props"])
    children = properties.pop("children", None)
    opened = Markup("<{}{}>").format(
        Markup(tag), Markup().join(_attribute(*one) for one in properties.items())
    )
    return opened if tag in VOID else opened + markup(children) + Markup(f"</{tag}>")


def _attribute(name: str, value: object) -> Markup:
    if isinstance(value, dict):
        value = ";".join(f"{_kebab(one)}:{said}" for one, said in value.items())
    called = NAMES.get(name, name.lower())
    if value is True:
        return Markup(f" {called}")
    return (
        Markup() if value is None or value is False else Markup(' {}="{}"').format(Markup(called), str(value))
    )


def _kebab(name: str) -> str:
    return re.sub("([A-Z])", r"-\1", name).lower()


def spark(rows: pd.DataFrame, said: str, width: int = 132, height: int = 34) -> Markup:
    """A series as a line, its interval as a grey band, the newest value as a dot; gaps stay gaps.

    rows: of one series, with `at`, `value` and the limits. said: the same for who cannot see it. From 0 up
    (from the lowest below it), so that a small change is not made a large one. Empty without two values.
    """
    rows = charts.every_month(rows)
    rows = rows.loc[rows["value"].notna().cummax()].reset_index(drop=True)
    there = rows["value"].notna()
    if there.sum() < 2:
        return Markup()
    limits = rows[["value", "ci_low", "ci_high"]].astype(float)
    low, high = min(float(limits.min().min()), 0.0), max(float(limits.max().max()), 0.0)
    began, days = rows["at"].iloc[0], max((rows["at"].iloc[-1] - rows["at"].iloc[0]).days, 1)

    def point(at: Any, value: Any) -> str:
        x = 3 + (width - 6) * (at - began).days / days
        y = 3 + (height - 6) * ((high - value) / (high - low) if high > low else 1)
        return f"{x:.1f},{y:.1f}"

    _, _, zero = point(began, 0).partition(",")
    drawn = [_shape("line", x1=0, x2=width, y1=zero, y2=zero, stroke=theme.SOFT)]
    for part in _runs(rows, limits.notna().all(axis=1)):
        outline = [point(row.at, row.ci_high) for row in part.itertuples()]
        outline += [point(row.at, row.ci_low) for row in part[::-1].itertuples()]
        drawn.append(_shape("polygon", points=" ".join(outline), fill=theme.REST))
    for part in _runs(rows, there):
        points = [point(row.at, row.value) for row in part.itertuples()]
        if len(points) == 1:
            drawn.append(_dot(points[0], 1.6))
        else:
            line = {"fill": "none", "stroke": theme.INK, "stroke-width": 1.5}
            drawn.append(_shape("polyline", points=" ".join(points), **line))
    newest = rows[there].iloc[-1]
    drawn.append(_dot(point(newest["at"], float(newest["value"])), 2.6))
    head = Markup('<svg role="img" viewBox="0 0 {} {}" width="{}" height="{}"><title>{}</title>').format(
        width, height, width, height, said
    )
    return head + Markup().join(drawn) + Markup("</svg>")


def _runs(rows: pd.DataFrame, there: pd.Series[bool]) -> list[pd.DataFrame]:
    """The rows in which something is there, a part for each unbroken run."""
    return [part for _, part in rows[there].groupby((~there).cumsum()[there])]


def _dot(point: str, radius: float) -> Markup:
    x, _, y = point.partition(",")
    return _shape("circle", cx=x, cy=y, r=radius, fill=theme.INK)


def _shape(tag: str, **attributes: object) -> Markup:
    pairs = (Markup(' {}="{}"').format(Markup(name), str(value)) for name, value in attributes.items())
    return Markup(f"<{tag}") + Markup().join(pairs) + Markup("/>")

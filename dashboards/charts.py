"""Pure functions from selected rows to a figure: no reading, no words of their own, no arithmetic on values.

Every frame has `at` (first day of the month, week or day that a row stands for), `value`, `status` and
`shown` (the value in words, or why there is none). A suppressed or unavailable value is a gap, never 0.
Not in here: which rows (`pages/`), the frame around the chart (`card.py`), the look (`theme.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go

from dashboards import shapes, theme, words

BAND_OPACITY = 0.16
MOST_STEPS = 5
PAIR_MARKS = (("\u25cf", theme.SEQUENCE[0]), ("\u25cb", theme.SEQUENCE[1]))
"""The marks of `pairs`, in order: how a legend writes them, and their colour."""
PAIR_SYMBOLS = (("circle", 11), ("circle-open", 18))
"""A dot, and a ring that still shows around it when both values are the same."""


def trend(rows: pd.DataFrame, unit: str, *, name: str = "", height: int = 260) -> go.Figure:
    """One series over time with its interval as a band; provisional points are hollow, gaps stay gaps."""
    rows = every_month(rows)
    figure = _figure(height)
    if rows["ci_low"].notna().any():
        _band(figure, rows, theme.ACCENT)
    figure.add_trace(_line(rows, name, theme.ACCENT, "solid"))
    figure.update_layout(showlegend=False, hovermode="x")
    _value_axis(figure, unit, rows["value"])
    _month_axis(figure)
    return figure


def spark(rows: pd.DataFrame) -> go.Figure:
    """A small trend without axes' labels, under a number that says the rest."""
    rows = every_month(rows.loc[rows["value"].notna().cummax()])
    figure = _figure(64)
    figure.add_trace(_line(rows, "", theme.ACCENT, "solid"))
    figure.update_layout(showlegend=False, hovermode="x", margin={"l": 0, "r": 8, "t": 6, "b": 0})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_hline(y=0, line={"color": theme.REST, "width": 1})
    return figure


def lines(
    rows: pd.DataFrame,
    by: str,
    names: Mapping[str, str],
    unit: str,
    *,
    height: int = 340,
    bands: bool = False,
) -> go.Figure:
    """One line for each value of `by`, in the order of `names`; only named ones are drawn."""
    figure = _figure(height)
    for place, (code, name) in enumerate(names.items()):
        part = rows[rows[by] == code]
        if part.empty:
            continue
        part = every_month(part)
        color = theme.SEQUENCE[place % len(theme.SEQUENCE)]
        if bands:
            _band(figure, part, color)
        figure.add_trace(_line(part, name, color, theme.DASHES[place % len(theme.DASHES)]))
    figure.update_layout(showlegend=False, hovermode="x unified")
    _value_axis(figure, unit, rows["value"])
    _month_axis(figure)
    return figure


def bars(rows: pd.DataFrame, labels: Sequence[str]) -> go.Figure:
    """One horizontal bar for each row, first row on top, its number in words at the end of the bar.

    Provisional bars are pale with a strong outline. A row without a value keeps its place, with the reason
    where the bar would be.
    """
    places = list(range(len(rows)))
    values = rows["value"].tolist()
    measured = [pd.notna(value) for value in values]
    figure = _figure(36 * len(rows) + 16)
    figure.add_trace(
        go.Bar(
            x=[value if there else None for value, there in zip(values, measured, strict=True)],
            y=places,
            orientation="h",
            marker={
                "color": [
                    theme.PROVISIONAL if status == "provisional" else theme.ACCENT
                    for status in rows["status"]
                ],
                "line": {"color": theme.ACCENT, "width": 1.5},
            },
            width=0.56,
            customdata=list(zip(labels, rows["shown"], strict=True)),
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
        )
    )
    top = max([float(value) for value, there in zip(values, measured, strict=True) if there] or [1.0]) or 1.0
    for place, value, there, text in zip(places, values, measured, rows["shown"], strict=True):
        figure.add_annotation(
            x=float(value) if there else 0.0,
            y=place,
            text=text if there else f"<i>{text}</i>",
            xanchor="left",
            xshift=6,
            showarrow=False,
            font={"size": 13, "color": theme.INK if there else theme.SOFT},
        )
    longest = max(len(text) for text in rows["shown"])
    figure.update_xaxes(visible=False, range=[0, top * (1.1 + 0.035 * longest)])
    figure.update_yaxes(
        tickmode="array",
        tickvals=places,
        ticktext=[_wrap(label) for label in labels],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
        tickfont={"size": 13, "color": theme.INK},
    )
    figure.update_layout(showlegend=False)
    return figure


def pairs(
    rows: pd.DataFrame, by: str, names: Mapping[str, str], marks: Mapping[str, str], split: str
) -> go.Figure:
    """Two values a row on one line: a dot and a ring for the two values of `split` that `marks` names."""
    figure = _figure(44 * len(names) + 60)
    places = {code: place for place, code in enumerate(names)}
    known = rows[rows[by].isin(places) & rows["value"].notna()]
    for code in names:
        part = known[known[by] == code]
        if part.empty:
            continue
        figure.add_shape(
            type="line",
            x0=part["value"].min(),
            x1=part["value"].max(),
            y0=places[code],
            y1=places[code],
            line={"color": theme.REST, "width": 3},
            layer="below",
        )
    for place, (code, name) in enumerate(marks.items()):
        part = known[known[split] == code]
        figure.add_trace(
            go.Scatter(
                x=part["value"],
                y=[places[value] for value in part[by]],
                mode="markers",
                name=name,
                marker={
                    "symbol": PAIR_SYMBOLS[place][0],
                    "size": PAIR_SYMBOLS[place][1],
                    "color": PAIR_MARKS[place][1],
                    "line": {"width": 2.5 * place},
                },
                customdata=part["shown"],
                hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
            )
        )
    for code in names:
        hidden = rows[(rows[by] == code) & rows["value"].isna()]
        if len(hidden) and not (known[by] == code).any():
            figure.add_annotation(
                x=0,
                y=places[code],
                text=f"<i>{hidden['shown'].iloc[0]}</i>",
                xanchor="left",
                xshift=6,
                showarrow=False,
                font={"size": 12, "color": theme.SOFT},
            )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(places.values()),
        ticktext=[_wrap(name) for name in names.values()],
        range=[len(names) - 0.5, -0.5],
        tickfont={"size": 13, "color": theme.INK},
    )
    figure.update_xaxes(rangemode="tozero", showgrid=True, title={"text": "people"})
    figure.update_xaxes(dtick=_whole_steps(rows["value"]))
    figure.update_layout(showlegend=False)
    return figure


def world(rows: pd.DataFrame, unit: str, bounds: shapes.Box | None = None) -> go.Figure:
    """A world map of whole countries, shaded by value; suppressed ones have a shade of their own.

    rows: one a country to draw, with `iso3`, `code` (what a click asks for), `name`, `value`, `shown`.
    Countries that are not in it stay blank. bounds: what part of the world to show, all of it without.
    """
    measured, hidden = rows[rows["value"].notna()], rows[rows["value"].isna()]
    figure = _figure(None)
    border = {"line": {"color": "#ffffff", "width": 0.6}}
    hover = "%{customdata[1]}<br>%{customdata[2]}<extra></extra>"
    if len(hidden):
        figure.add_trace(
            go.Choropleth(
                locations=hidden["iso3"],
                locationmode="ISO-3",
                z=[0.0] * len(hidden),
                marker=border,
                showscale=False,
                colorscale=[[0, theme.SUPPRESSED], [1, theme.SUPPRESSED]],
                hovertemplate=hover,
                customdata=hidden[["code", "name", "shown"]].to_numpy(),
            )
        )
    if len(measured):
        figure.add_trace(
            go.Choropleth(
                locations=measured["iso3"],
                locationmode="ISO-3",
                z=measured["value"],
                zmin=0,
                marker=border,
                zmax=float(measured["value"].max()) or 1.0,
                colorscale=[list(stop) for stop in theme.SHADES],
                customdata=measured[["code", "name", "shown"]].to_numpy(),
                hovertemplate=hover,
                colorbar={
                    "orientation": "h",
                    "thickness": 10,
                    "len": 0.5,
                    "x": 0,
                    "xanchor": "left",
                    "y": -0.02,
                    "yanchor": "top",
                    "outlinewidth": 0,
                    "nticks": 5,
                    "ticks": "",
                    "tickformat": ".0%" if words.is_share(unit) else ",d",
                },
            )
        )
    west, east, south, north = bounds or (-170.0, 190.0, -57.0, 84.0)
    figure.update_geos(
        projection_type="natural earth" if bounds is None else "mercator",
        showcountries=True,
        countrycolor="#ffffff",
        countrywidth=0.6,
        showland=True,
        landcolor=theme.NOT_MEASURED,
        showcoastlines=False,
        showframe=False,
        showocean=False,
        showlakes=False,
        lataxis_range=[south, north],
        lonaxis_range=[west, east],
    )
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 30})
    return figure


def series_marks(names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What `lines` draws for each name: name, colour and dash."""
    looks = zip(cycle(theme.SEQUENCE), cycle(theme.DASHES), names.values())
    return [(name, color, dash) for color, dash, name in looks]


def every_month(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one series with a null row for each month that is missing between first and last."""
    rows = rows.sort_values("at")
    if rows.empty or set(rows["grain"]) != {"month"}:
        return rows
    months = pd.date_range(rows["at"].iloc[0], rows["at"].iloc[-1], freq="MS")
    whole = rows.set_index("at").reindex(months).rename_axis("at").reset_index()
    whole["shown"] = whole["shown"].fillna(words.MISSING)
    whole["status"] = whole["status"].fillna("unavailable")
    return whole


def _figure(height: int | None) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(template=theme.TEMPLATE, height=height, autosize=True)
    return figure


def _line(rows: pd.DataFrame, name: str, color: str, dash: str) -> go.Scatter:
    there = rows["value"].notna()
    alone = there & ~there.shift(1, fill_value=False) & ~there.shift(-1, fill_value=False)
    provisional = (rows["status"] == "provisional") & there
    last = rows.index == rows.index[there.to_numpy()].max() if there.any() else there & False
    marked = alone | provisional | last
    notes = [" (provisional)" if mark else "" for mark in provisional]
    prefix = f"{name}: " if name else ""
    said = words.day if set(rows["grain"]) & {"day", "week"} else words.short_month
    return go.Scatter(
        x=rows["at"],
        y=rows["value"].where(there, None),
        name=name,
        mode="lines+markers",
        line={"color": color, "width": 2.2, "dash": dash},
        marker={
            "color": color,
            "size": [8 if mark else 0 for mark in marked],
            "symbol": ["circle-open" if mark else "circle" for mark in provisional],
            "line": {"width": 2 if provisional.any() else 0},
        },
        connectgaps=False,
        customdata=[
            f"{prefix}{text}{note}" if name else f"{said(start)}: {text}{note}"
            for text, note, start in zip(rows["shown"], notes, rows["at"], strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _band(figure: go.Figure, rows: pd.DataFrame, color: str) -> None:
    """The interval, drawn for each unbroken run of values so that no band bridges a gap."""
    whole = rows[["ci_low", "ci_high"]].notna().all(axis=1)
    for _, part in rows[whole].groupby((~whole).cumsum()[whole]):
        figure.add_trace(
            go.Scatter(
                x=[*part["at"], *part["at"][::-1]],
                y=[*part["ci_high"], *part["ci_low"][::-1]],
                fill="toself",
                fillcolor=_transparent(color),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
            )
        )


def _transparent(color: str) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{BAND_OPACITY})"


def _value_axis(figure: go.Figure, unit: str, values: pd.Series[float]) -> None:
    if words.is_share(unit):
        figure.update_yaxes(tickformat=".0%", range=[0, 1.02], nticks=6)
    else:
        title = "hours" if words.is_hours(unit) else "days" if words.is_days(unit) else ""
        figure.update_yaxes(tickformat=",", nticks=6, title={"text": title})
        figure.update_yaxes(dtick=_whole_steps(values))


def _whole_steps(values: pd.Series[float]) -> int | None:
    """Steps of 1 for whole numbers that are so small that an axis would be cut into parts of a person."""
    there = values.dropna().astype(float)
    whole = len(there) > 0 and bool((there % 1 == 0).all())
    return 1 if whole and max(there.max(), 0) - min(there.min(), 0) <= MOST_STEPS else None


def _month_axis(figure: go.Figure) -> None:
    figure.update_xaxes(tickformat="%b\n%Y", nticks=8, hoverformat="%B %Y", ticks="outside", ticklen=4)


def _wrap(label: str, width: int = 22) -> str:
    """A label broken at spaces, so that bars keep their room on a phone."""
    out, line = [], ""
    for word in label.split(" "):
        if line and len(line) + 1 + len(word) > width:
            out.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "<br>".join([*out, line])

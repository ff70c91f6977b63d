"""One look for every chart: a plotly template and a palette that colour-blind readers can tell apart.

Colours of lines are Okabe and Ito's set (2008), darkened where the original has too little contrast on
white for thin strokes. Not in here: the style of the page around the charts (`assets/style.css`).
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

INK = "#15141a"
SOFT = "#5b5b66"
GRID = "#e7e7ee"
ACCENT = "#0055b8"
REST = "#c3c3cf"
PROVISIONAL = "#a9c6e6"
SUPPRESSED = "#b8b2a7"
NOT_MEASURED = "#f1f1f4"
SEQUENCE = ("#0055b8", "#c2410c", "#00775c", "#a34a82", "#8a6a00", "#2d8fc4", "#3d3d4d")
DASHES = ("solid", "solid", "solid", "dash", "dash", "dash", "dot")
"""Lines differ by dash as well as by colour, so that a print in grey can be read."""
SHADES = ((0.0, "#d6e6f5"), (0.35, "#84b4dc"), (0.7, "#2f73b5"), (1.0, "#0a3263"))
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"

_axis = {
    "gridcolor": GRID,
    "linecolor": GRID,
    "zeroline": False,
    "tickcolor": GRID,
    "tickfont": {"color": SOFT, "size": 12},
    "title": {"font": {"color": SOFT, "size": 12}},
    "fixedrange": True,
    "automargin": True,
}

TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(SEQUENCE),
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "hoverlabel": {
            "bgcolor": "#ffffff",
            "bordercolor": REST,
            "font": {"family": FONT, "color": INK, "size": 13},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -0.16,
            "yanchor": "top",
            "title": {"text": ""},
        },
        "xaxis": {**_axis, "showgrid": False},
        "yaxis": {**_axis, "rangemode": "tozero"},
        "dragmode": False,
        "separators": ".,",
        "geo": {"bgcolor": "rgba(0,0,0,0)"},
    }
)

GRAPH_CONFIG: dict[str, Any] = {
    "topojsonURL": "/assets/topojson/",
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "responsive": True,
}
"""Config of every graph: maps take their shapes from this server; touch scrolls the page, not the chart."""

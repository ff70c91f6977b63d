"""What stands around the cards of a page and of a report: notices above them, what all figures are below.

Not in here: which notices there are (`notices.py`), the frame of a card (`card.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboards import card as cards
from dashboards import words
from dashboards.data import Published
from dashboards.notices import Notice, stale_hours


def noticed(published: Published, found: Sequence[Notice]) -> Component:
    """What a reader must know before the numbers, or that there is nothing."""
    if not found:
        return html.P(
            f"All sources were read and accepted, and none is older than {stale_hours(published):g} hours.",
            className="all-well",
        )
    items = [html.Li([html.Strong(each.title), " ", each.text], className=each.kind) for each in found]
    return html.Section(
        [html.H2("Before you read on", id="notices"), html.Ul(items)],
        className="notices",
        **cards.aria(labelledby="notices"),
    )


def foot(published: Published) -> list[Component]:
    """Which version this is, what is suppressed and rounded in it, and who is not in it."""
    release = published.release
    made = "" if release.created_at is None else f", made on {words.moment(release.created_at)}"
    made += "" if release.as_of is None else f" from data up to {words.moment(release.as_of)}"
    rounding = (
        " Counts are rounded to the nearest 5, shares to whole percent."
        if release.audience == "public"
        else ""
    )
    return [
        html.P(f"Published version {release.version}{made}. Figures for the {release.audience} audience."),
        html.P(
            f"Groups of fewer than {release.k} people are suppressed, which is not zero.{rounding} "
            "No person is in the published files."
        ),
    ]

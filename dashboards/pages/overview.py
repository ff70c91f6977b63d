"""Overview: leadership's five minutes. How many people, doing what, on how few shoulders, answered how fast,
and how far the sources can be relied on.

Not in here: anything by region (`regions.py`), the frame of a card (`card.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import card as cards
from dashboards import charts, notices, parts, words
from dashboards.card import Card, Page, Section, Shown, View
from dashboards.data import ANY, EACH, Published, records_of

POPULATIONS = {"community": "Community", "all": "Everyone, staff included"}
CATEGORY_NAMES = {"24h": "Within 24 hours", "72h": "Within 72 hours"}
NO_COUNT = "no count to check against"
WINDOWS = {
    "backfill": "everything loaded",
    "last_30d": "last 30 days",
    "read_again": "days read again, as stored before",
}


def _areas_then_and_now(published: Published, view: View) -> pd.DataFrame:
    """Active people by area in the chosen month and the one before, largest of the chosen month first."""
    rows = published.select("active_contributors", ("month",), until=view.month, area=EACH)
    rows = rows[rows["period_end"].isin([view.months_back(0), view.months_back(1)])]
    return _by_area(rows)


def _by_area(rows: pd.DataFrame) -> pd.DataFrame:
    order = {name: place for place, name in enumerate(words.AREAS)}
    place = rows["area"].map(lambda name: order.get(name, len(order)))
    return (
        rows.assign(_place=place)
        .sort_values(["period_end", "_place"], ascending=[False, True])
        .drop(columns="_place")
    )


def _area_bars(shown: Shown) -> Sequence[Component]:
    now = shown.rows[shown.rows["period_end"] == shown.view.month]
    before = shown.rows[shown.rows["period_end"] != shown.view.month].set_index("area")
    if now.empty:
        return [html.P("No value for this month in this version.", className="none")]
    now = now.sort_values("value", ascending=False, kind="stable", na_position="last")
    texts = []
    for _, row in now.iterrows():
        earlier = cards.record(before.loc[row["area"]]) if row["area"] in before.index else None
        change = shown.change(cards.record(row), earlier)
        said = row["shown"] if pd.notna(row["value"]) else row["shown"].partition(" (")[0]
        texts.append(said + (f"  ({words.compact(change)})" if change else ""))
    labels = [words.area(code) for code in now["area"]]
    said = ", ".join(f"{label} {text}" for label, text in zip(labels, now["shown"], strict=True))
    figure = charts.bars(now.assign(shown=texts), labels)
    return [
        shown.graph(figure, f"{shown.declaration.title} by area: {said}."),
        html.P(f"In brackets: change on {shown.view.said_before}.", className="sure"),
    ]


def _area_lines(shown: Shown) -> Sequence[Component]:
    present = set(shown.rows["area"])
    names = {
        code: words.area(code)
        for code in [*words.AREAS, *sorted(present - set(words.AREAS))]
        if code in present
    }
    figure = charts.lines(shown.rows, "area", names, shown.unit, height=300)
    said = f"{shown.declaration.title} by month, one line for each of: {', '.join(names.values())}."
    return [shown.legend(charts.series_marks(names)), shown.graph(figure, said)]


def _what_they_did(shown: Shown) -> Sequence[Component]:
    """Contributions by kind, never summed over areas, with the people behind them beside.

    Kinds of an area that have no number for the same reason are one line.
    """
    acts = shown.rows[shown.rows["metric"] == "contributions"]
    rows = records_of(shown.rows[shown.rows["metric"] == "active_contributors"])
    people = {
        row["area"]: f"{row['shown']} active people" if pd.notna(row["value"]) else f"people: {row['shown']}"
        for row in rows
    }
    body: list[Component] = []
    for area, kinds in acts.groupby("area", sort=False):
        lines = [
            [html.Td(words.event_type(row["event_type"]), role="cell"), html.Td(row["shown"], role="cell")]
            for row in records_of(kinds[kinds["value"].notna()])
        ]
        for why, hidden in kinds[kinds["value"].isna()].groupby("shown", sort=False):
            names = ", ".join(words.event_type(kind) for kind in hidden["event_type"])
            lines.append([html.Td(f"{names}: {why}", colSpan=2, className="absent", role="cell")])
        name = html.Th(
            [words.area(str(area)), html.Small(people.get(area, "people: no value"))],
            rowSpan=len(lines),
            scope="rowgroup",
            role="rowheader",
        )
        for place, cells in enumerate(lines):
            body.append(html.Tr([*([name] if place == 0 else []), *cells], role="row"))
    said = f"{shown.question} Contributions by area and kind."
    return [cards.boxed_table(["Area", "Kind of contribution", "Contributions"], body, said, "table kinds")]


def _what_they_did_rows(published: Published, view: View) -> pd.DataFrame:
    acts = parts.of_month("contributions", area=EACH, event_type=EACH)(published, view)
    people = parts.of_month("active_contributors", area=EACH)(published, view)
    return pd.concat(
        [part for part in (_by_area(acts), _by_area(people)) if len(part)] or [acts], ignore_index=True
    )


def _absence_rows(published: Published, view: View) -> pd.DataFrame:
    return _by_area(
        parts.of_month("contributor_absence_factor", area=EACH, population=list(POPULATIONS))(published, view)
    )


def _absence(shown: Shown) -> Sequence[Component]:
    names = {code: words.area(code) for code in dict.fromkeys(shown.rows["area"])}
    said = "; ".join(
        f"{words.area(row['area'])}, {POPULATIONS[row['population']].lower()}: {row['shown']}"
        for _, row in shown.rows.iterrows()
    )
    legend = html.Ul(
        [
            html.Li([html.B(glyph, style={"color": color}), name])
            for (glyph, color), name in zip(charts.PAIR_MARKS, POPULATIONS.values(), strict=False)
        ],
        className="legend",
    )
    figure = charts.pairs(shown.rows, "area", names, POPULATIONS, "population")
    return [legend, shown.graph(figure, f"{said}.")]


def _response_rate(shown: Shown) -> Sequence[Component]:
    names = {
        code: CATEGORY_NAMES.get(code, code) for code in sorted(set(shown.rows["category"]), key=words.place)
    }
    newest = shown.rows[shown.rows["period_end"] == shown.rows["period_end"].max()].set_index("category")
    facts: list[Component] = []
    marks = dict(zip(names, charts.series_marks(names), strict=True))
    there = records_of(newest.loc[[code for code in names if code in newest.index]].reset_index())
    for row, change in zip(there, parts.changes(shown, there), strict=True):
        name, color, _ = marks[row["category"]]
        parts_of_fact: list[Component | str] = [
            html.B(row["shown"], style={"color": color}),
            html.Span(f" {name.lower()}"),
        ]
        if row["interval"]:
            parts_of_fact.append(html.Small(f"95\u202f% interval: {row['interval']}"))
        parts_of_fact += [html.Small(change)] if change else []
        facts.append(html.Li(parts_of_fact))
    said = "; ".join(f"{names[code]}: {text}" for code, text in newest["shown"].items() if code in names)
    figure = charts.lines(shown.rows, "category", names, shown.unit, height=240, bands=True)
    return [
        html.Ul(facts, className="facts"),
        shown.graph(figure, f"{shown.declaration.title}, newest month: {said}."),
    ]


def _sources_rows(published: Published, view: View) -> pd.DataFrame:
    fresh = published.select("source_freshness_h", ("run",), source=EACH)
    whole = _completeness_rows(published, view)
    return pd.concat([part for part in (fresh, whole) if len(part)] or [fresh], ignore_index=True)


def _freshness(shown: Shown) -> Sequence[Component]:
    """One row a source: how old its data are now and were at publication, and how much of it is stored."""
    body = []
    for row in records_of(shown.rows[shown.rows["metric"] == "source_freshness_h"]):
        mine = shown.published.sources[shown.published.sources["source"] == row["source"]]
        seen = mine["watermark"].dropna()
        closed = notices.archive_said(mine)
        then = words.age(float(row["value"])) if pd.notna(row["value"]) else row["shown"]
        body.append(
            [
                words.source(row["source"]),
                words.moment(seen.min()) if len(seen) else "not known",
                closed or notices.age_now(mine, shown.view.read_at) or "not known",
                "" if closed else then,
                _stored(shown.rows[shown.rows["source"] == row["source"]], shown.published) or NO_COUNT,
                _verdict(mine),
            ]
        )
    head = [
        "Source",
        "Complete up to",
        "Age now",
        "Age when published",
        "Stored of what it counts",
        "Last answers",
    ]
    return [cards.plain_table(head, body, f"{shown.question} One row for each source.", "table words")]


def _stored(rows: pd.DataFrame, published: Published) -> str:
    """`100 %`, or the least complete stream of a source, `98 % of questions`; empty without any count."""
    counted = rows[(rows["metric"] == "extraction_completeness") & rows["value"].notna()]
    if counted.empty:
        return ""
    least = counted.sort_values("value", kind="stable").iloc[0]
    share = words.number(float(least["value"]), "share", published.release.audience)
    return share if least["value"] >= 1 else f"{share} of {str(least['stream']).replace('_', ' ')}"


def _sources_line(published: Published, view: View) -> Sequence[Component]:
    """How old and how complete each source is, in a line under the notices."""
    rows = _sources_rows(published, view)
    items: list[Component] = []
    for source, streams in published.sources.groupby("source"):
        closed = notices.archive_said(streams)
        age = notices.age_now(streams, view.read_at)
        stored = _stored(rows[rows["source"] == source], published)
        said = closed or (f"{age} old" if age else "not read yet")
        said += f", {stored} stored" if stored else ""
        items.append(html.Li([html.Strong(words.source(str(source))), f" {said}"]))
    if not items:
        return ()
    return [
        html.Div(
            [
                html.H2("How fresh the data are", id="fresh"),
                html.Ul(items),
                html.A("More about the sources", href="#freshness"),
            ],
            className="fresh",
            role="group",
            **cards.aria(labelledby="fresh"),
        )
    ]


def _verdict(streams: pd.DataFrame) -> Component:
    for verdict, said in (("refused", "refused"), ("never", "not read yet")):
        these = streams.loc[streams["verdict"] == verdict, "stream"]
        if len(these):
            return html.Span(f"{said}: {', '.join(these)}", className="mark")
    return html.Span("accepted")


def _completeness_rows(published: Published, view: View) -> pd.DataFrame:
    return published.select(
        "extraction_completeness", ("window", "run"), source=EACH, stream=EACH, category=ANY, level=ANY
    )


def _completeness(shown: Shown) -> Sequence[Component]:
    """Stored against the source's own count, by stream and window; streams without one in a line a source."""
    body = []
    for row in records_of(shown.rows[shown.rows["value"].notna()]):
        counts = ""
        if pd.notna(row["numerator"]) and pd.notna(row["denominator"]):
            counts = f"{row['numerator']:,.0f} of {row['denominator']:,.0f}"
        window = WINDOWS.get(
            str(row["category"]), str(row["category"]) if pd.notna(row["category"]) else "all"
        )
        body.append([f"{words.source(row['source'])}, {row['stream']}", window, row["shown"], counts])
    head = ["Source and stream", "Window", "Stored", "Records"]
    said = f"{shown.question} Stored records against the source's own count."
    lines = []
    empty = shown.rows[shown.rows["value"].isna()]
    for (source, flags, why), part in empty.groupby(
        ["source", empty["flags"].fillna(""), "shown"], sort=False
    ):
        streams = ", ".join(str(name).replace("_", " ") for name in dict.fromkeys(part["stream"]))
        lines.append(f"{words.source(str(source))}, {streams}: {'; '.join(words.flags(flags)) or why}.")
    table = [cards.plain_table(head, body, said, "table words")] if body else []
    return [*table, *(html.P(line, className="sure") for line in lines)]


def _lead(published: Published, view: View) -> str:
    if view.month is None:
        return "This version holds no month yet."
    return (
        f"How Mozilla's contributor communities are doing. People figures are for "
        f"{view.said}, unless a card says otherwise."
    )


PAGE = Page(
    path="/",
    name="Overview",
    title=lambda published, view: "Overview",
    lead=_lead,
    facts=_sources_line,
    sections=(
        Section(
            "People",
            "Community members; staff and bots are left out. Months do not add up to a year: "
            "the same person is active in several.",
            (
                Card(
                    "active",
                    "active_contributors",
                    "How many people contribute?",
                    parts.headline_rows("active_contributors"),
                    parts.headline,
                    "third",
                    gaps=True,
                ),
                Card(
                    "new",
                    "new_contributors",
                    "Are new people still arriving?",
                    parts.headline_rows("new_contributors"),
                    parts.headline,
                    "third",
                    gaps=True,
                ),
                Card(
                    "returning",
                    "returning_contributors",
                    "Do people come back?",
                    parts.headline_rows("returning_contributors"),
                    parts.headline,
                    "third",
                    gaps=True,
                ),
            ),
        ),
        Section(
            "Contribution areas",
            "One person may be active in several areas, so areas do not add up to the total.",
            (
                Card(
                    "areas",
                    "active_contributors",
                    "Where do people contribute?",
                    _areas_then_and_now,
                    _area_bars,
                    gaps=True,
                ),
                Card(
                    "absence",
                    "contributor_absence_factor",
                    "On how few people does each area depend?",
                    _absence_rows,
                    _absence,
                    caution="The fewest people who account for half of the active days. Where dot and ring "
                    "lie apart, the area leans on staff.",
                ),
                Card(
                    "areas-over-time",
                    "active_contributors",
                    "How do the areas develop?",
                    parts.series("active_contributors", area=EACH),
                    _area_lines,
                    "full",
                    gaps=True,
                ),
                Card(
                    "contributions",
                    "contributions",
                    "What did they do?",
                    _what_they_did_rows,
                    _what_they_did,
                    "full",
                    "Kinds of contribution are not comparable and never added up: ten strings approved in "
                    "one batch are not ten answers.",
                    table=False,
                ),
            ),
        ),
        Section(
            "Answers and reviews",
            "Whether people who ask for help, or offer work, hear back.",
            (
                Card(
                    "response-rate",
                    "support_response_rate",
                    "Are support questions answered?",
                    parts.series("support_response_rate", category=EACH),
                    _response_rate,
                    "third",
                    gaps=True,
                ),
                Card(
                    "response-time",
                    "support_time_to_first_response_h",
                    "How long is the wait for a first answer?",
                    parts.series("support_time_to_first_response_h"),
                    parts.trend,
                    "third",
                    gaps=True,
                ),
                Card(
                    "reviews",
                    "review_capacity_ratio",
                    "Do reviewers keep up with suggestions?",
                    parts.series("review_capacity_ratio"),
                    parts.trend,
                    "third",
                    caution="Above 1 the backlog shrinks, below 1 it grows.",
                ),
            ),
        ),
        Section(
            "Sources",
            "What the numbers above rest on, as of the run that made this version.",
            (
                Card(
                    "freshness",
                    "source_freshness_h",
                    "How fresh is each source?",
                    _sources_rows,
                    _freshness,
                    "full",
                    table=False,
                ),
                Card(
                    "completeness",
                    "extraction_completeness",
                    "Did we get everything the sources hold?",
                    _completeness_rows,
                    _completeness,
                    "full",
                    table=False,
                ),
            ),
        ),
    ),
)

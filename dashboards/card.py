"""The frame around a number or chart: question, state, table, definition, origin and download, drawn once.

A page is a tuple of cards; a card says which rows it shows and how its body is drawn from them. The download
is exactly those rows. Not in here: what a page asks (`pages/`), figures (`charts.py`), wording (`words.py`).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
from dash import dcc, html
from dash.development.base_component import Component

from dashboards import bands, theme, words
from dashboards.data import ANY, DEFAULT_POPULATION, DIMENSIONS, EACH, Declaration, Published, records_of
from pipelines.metric_shape import MEASURES

EXPLAIN_OPTIONS = ("region", "country", "locale", "area", "population")
"""Dimensions that `mdm explain` has options for; the others are asked for with `--where`."""
DASH_OF = {"solid": "solid", "dash": "dashed", "dot": "dotted"}
COLUMNS = 6
"""The grid on which cards stand."""
Width = Literal["third", "half", "full"]
COLUMNS_OF: dict[Width, int] = {"third": 2, "half": 3, "full": 6}
NARROW_COLUMNS = 3
"""So many columns of a table fit beside each other on a phone."""
FINE_GRAINS = ("day", "week")
"""Of these a month has several values: each stands at its own day."""
SERIES_MONTHS = 36
"""How far back a series goes on a page; the published file holds all."""


@dataclass(frozen=True)
class View:
    """What the reader looks at. `month` is the exclusive end of the chosen month (UTC without zone).

    read_at: the hour in which the page is drawn (UTC without zone), None where no age is told.
    locale: of a report; pages have no choice of it.
    """

    month: datetime | None
    region: str | None = None
    area: str | None = None
    read_at: datetime | None = None
    locale: str | None = None

    @property
    def chosen(self) -> dict[str, str]:
        """The dimensions of which one value was chosen, with that value."""
        every = {"region": self.region, "locale": self.locale, "area": self.area}
        return {name: code for name, code in every.items() if code}

    @property
    def since(self) -> datetime | None:
        """Start of the series that ends with the chosen month."""
        return self.months_back(SERIES_MONTHS)

    @property
    def said(self) -> str:
        """The chosen month in words."""
        start = self.months_back(1)
        return "no month" if start is None else words.month(start)

    @property
    def said_before(self) -> str:
        """The month before the chosen one in words."""
        start = self.months_back(2)
        return "no month" if start is None else words.month(start)

    @property
    def inside(self) -> str:
        """` in Support` when one area is looked at, to follow a noun; nothing for all areas."""
        return f" in {words.area(self.area)}" if self.area else ""

    def months_back(self, count: int) -> pd.Timestamp | None:
        """The end of the month that lies so many months before the chosen one."""
        return None if self.month is None else pd.Timestamp(self.month) - pd.DateOffset(months=count)

    def query(self, **changed: str | None) -> str:
        """The part of an address that asks for this view again, with some of it changed."""
        start = self.months_back(1)
        asked: dict[str, str | None] = {
            "region": self.region,
            "area": self.area,
            "month": None if start is None else f"{start:%Y-%m}",
        }
        return urlencode({name: value for name, value in (asked | changed).items() if value})


@dataclass(frozen=True)
class Card:
    """One question and what answers it. question: empty for the one that the metric itself declares.

    rows: which published rows, already in the order they are shown.
    body: the components inside the frame, from a `Shown`; words for "no value" are part of them.
    gaps: whether to say what the gaps of the chart are.
    table: whether the rows can be opened as a table; off where the body is a table already.
    applies: whether the card is on the page for this view.
    """

    key: str
    metric: str
    question: str
    rows: Callable[[Published, View], pd.DataFrame]
    body: Callable[[Shown], Sequence[Component]]
    width: Width = "half"
    caution: Callable[[Shown], str] | str = ""
    gaps: bool = False
    table: bool = True
    applies: Callable[[Published, View], bool] = lambda published, view: True


@dataclass(frozen=True)
class Section:
    """Cards under one heading."""

    title: str
    lead: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Page:
    """One address. `title`, `lead` and `facts` are said at the top, from the published file and the view."""

    path: str
    name: str
    title: Callable[[Published, View], str]
    lead: Callable[[Published, View], str]
    sections: tuple[Section, ...]
    by_region: bool = False
    facts: Callable[[Published, View], Sequence[Component]] = lambda published, view: ()

    def card(self, key: str) -> Card | None:
        return next((card for section in self.sections for card in section.cards if card.key == key), None)


@dataclass(frozen=True)
class Shown:
    """A card with its rows at hand: `rows` has the published columns, `at` (first day of the month, week or
    day that a row stands for), and `shown`, `interval` and `probable` in words."""

    card: Card
    published: Published
    view: View
    rows: pd.DataFrame
    declaration: Declaration

    @property
    def question(self) -> str:
        return self.card.question or self.declaration.question

    @property
    def unit(self) -> str:
        return self.declaration.unit

    def latest(self) -> dict[str, Any] | None:
        """The row of the chosen month, of the last period that ends in or before it, or None.

        Rows of another metric that stand beside the card's own are not it.
        """
        own = self.rows[self.rows["metric"] == self.card.metric]
        return None if own.empty else record(own.sort_values("period_end", kind="stable").iloc[-1])

    def change(self, now: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> str | None:
        return words.change(now, before, self.unit, self.published.release.audience)

    def legend(self, marks: Iterable[tuple[str, str, str]]) -> Component:
        """Names of a chart's lines with their colour and dash, which wraps where the screen is narrow."""
        return html.Ul(
            [
                html.Li([html.I(style={"borderTop": f"3px {DASH_OF[dash]} {color}"}), name])
                for name, color, dash in marks
            ],
            className="legend lines",
        )

    def graph(
        self, figure: go.Figure, label: str, name: str = "chart", class_name: str = "graph"
    ) -> Component:
        """A figure with a sentence that says what it shows to those who cannot see it."""
        return html.Div(
            dcc.Graph(
                id={"card": self.card.key, "graph": name},
                figure=figure,
                config=cast(Any, theme.GRAPH_CONFIG),
                className=class_name,
                responsive=True,
                style={} if figure.layout.height is None else {"height": f"{figure.layout.height}px"},
            ),
            role="img",
            **aria(label=label),
        )


def show(card: Card, published: Published, view: View) -> Shown | None:
    """Select a card's rows and word their values; None when this version does not declare its metric.

    What may not be read alone is left out: the ends of its band are there.
    """
    declaration = published.metrics.get(card.metric)
    if declaration is None:
        return None
    rows = bands.without_single(card.rows(published, view)).copy()
    units = {name: known.unit for name, known in published.metrics.items()}
    release = published.release
    records = records_of(rows)
    last = rows["period_end"] - pd.Timedelta(days=1)
    fine = rows["grain"].isin(FINE_GRAINS)
    rows["at"] = rows["period_start"].where(fine, last.dt.to_period("M").dt.to_timestamp())
    rows["shown"] = [words.shown(row, units[row["metric"]], release.audience, release.k) for row in records]
    for name, said in (("interval", words.interval), ("probable", words.with_probable)):
        rows[name] = [said(row, units[row["metric"]], release.audience) for row in records]
    return Shown(card, published, view, rows, declaration)


def why_nothing(shown: Shown | None) -> str:
    """Why a card has no number in any period, as for most of its newest values; empty when it has one."""
    if shown is None:
        return "not in this version"
    if shown.rows.empty:
        return "no value for this view"
    if shown.rows["value"].notna().any():
        return ""
    newest = _newest(shown)
    status = str(newest["status"].mode().iloc[0])
    flags = newest.loc[newest["status"] == status, "flags"].fillna("").mode().iloc[0]
    return ", ".join([words.short_status(status, shown.published.release.k), *words.flags(flags)])


def without_number(some: Iterable[tuple[Card, Shown | None]]) -> tuple[int, str]:
    """How many of these cards have no number in any period, and a sentence a reason that names them."""
    reasons: dict[str, list[str]] = {}
    for card, shown in some:
        if reason := why_nothing(shown):
            called = words.plain(card.metric) if shown is None else shown.declaration.title
            reasons.setdefault(reason, []).append(called)
    said = " ".join(f"{each[0].upper()}{each[1:]}: {', '.join(of)}." for each, of in reasons.items())
    return sum(map(len, reasons.values())), said


def in_rows(some: Sequence[tuple[Card, Shown | None]]) -> list[tuple[Card, Shown | None]]:
    """Cards side by side as they say, those of a row that is not full as wide as fills it."""
    rows: list[list[tuple[Card, Shown | None]]] = []
    for each in some:
        taken = sum(COLUMNS_OF[card.width] for card, _ in rows[-1]) if rows else COLUMNS
        if taken + COLUMNS_OF[each[0].width] > COLUMNS:
            rows.append([])
        rows[-1].append(each)
    out: list[tuple[Card, Shown | None]] = []
    for row in rows:
        width = next(name for name, columns in COLUMNS_OF.items() if columns * len(row) == COLUMNS)
        for card, shown in row:
            card = replace(card, width=width)
            out.append((card, None if shown is None else replace(shown, card=card)))
    return out


def frame(card: Card, shown: Shown | None, page: Page, published: Published, view: View) -> Component:
    """A card as it stands on the page. shown: what `show` gave for it."""
    question = shown.question if shown is not None else card.question or f"{words.plain(card.metric)}?"
    heading = html.H3(question, id=f"q-{card.key}")
    attributes: dict[str, Any] = {"className": f"card card-{card.width}", "id": card.key}
    attributes |= aria(labelledby=f"q-{card.key}")
    if shown is None:
        return html.Article(
            [heading, html.P("This version does not hold this metric.", className="none")], **attributes
        )
    if shown.rows.empty:
        body: list[Component] = [html.P("No value for this view in this version.", className="none")]
    else:
        body = list(card.body(shown))
    caution = card.caution if isinstance(card.caution, str) else card.caution(shown)
    return html.Article(
        [
            heading,
            _subject(shown, page),
            *body,
            *([html.P(caution, className="caution")] if caution else []),
            *([html.P(missing, className="sure")] if card.gaps and (missing := _gaps(shown)) else []),
            *_state(shown, _text(body)),
            html.Div(
                [
                    _details("Definition", _meaning(shown.declaration), "definition"),
                    _details("Where does this come from", _origin(shown), "origin"),
                    *([_opened_later("As a table", card.key)] if card.table and len(shown.rows) else []),
                    html.A(
                        "CSV",
                        href=download_address(card, page, published, view),
                        download=file_name(card, published),
                        className="download",
                        **aria(label=f"Download CSV: {question}"),
                    ),
                ],
                className="foot",
            ),
        ],
        **attributes,
    )


def download_address(card: Card, page: Page, published: Published, view: View) -> str:
    """The address of a card's rows; it names the version, so that the file is what the page showed."""
    name = page.path.strip("/") or "overview"
    query = view.query(version=published.version)
    return f"/download/{name}/{card.key}.csv?{query}"


def file_name(card: Card, published: Published) -> str:
    return f"{card.key}-{published.version}.csv"


def csv(shown: Shown) -> str:
    """The rows of a card as CSV: values, intervals, status and flags as published, with names and units."""
    out = pd.DataFrame({"metric": shown.rows["metric"]})
    units = {name: known.unit for name, known in shown.published.metrics.items()}
    out["unit"] = [units[name] for name in out["metric"]]
    for name in ("version", "period_start", "period_end", "grain"):
        out[name] = shown.rows[name]
    for name in DIMENSIONS:
        if shown.rows[name].notna().any():
            out[name] = shown.rows[name]
            if name in ("region", "country"):
                out[f"{name}_name"] = [
                    shown.published.region_name(code) if code else None for code in out[name]
                ]
    for name in (*MEASURES, "status", "flags"):
        out[name] = shown.rows[name]
    out["shown"] = shown.rows["shown"].str.replace("\u202f", " ")
    out["audience"], out["published_version"] = shown.published.release.audience, shown.published.version
    return out.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\r\n")


def table(shown: Shown) -> Component:
    """The rows of a card as a table, newest period first."""
    rows = shown.rows.sort_values("period_end", ascending=False, kind="stable")
    split = [name for name in DIMENSIONS if name != "population" and rows[name].nunique() > 0]
    if rows["population"].nunique() > 1:
        split.append("population")
    several = rows["metric"].nunique() > 1
    intervals, banded = (rows["interval"] != "").any(), (rows["probable"] != "").any()
    head = [
        "Period",
        *(["Metric"] if several else []),
        *(words.heading(name) for name in split),
        "Value",
        *(["95\u202f% interval"] if intervals else []),
        *([words.WITH_PROBABLE] if banded else []),
        "Status",
    ]
    body = [
        [
            words.period(row),
            *([shown.published.metrics[row["metric"]].title] if several else []),
            *(dimension(name, row[name], shown.published) for name in split),
            row["shown"],
            *([row["interval"]] if intervals else []),
            *([row["probable"]] if banded else []),
            "; ".join([words.status(row["status"], shown.published.release.k), *words.flags(row["flags"])]),
        ]
        for row in records_of(rows)
    ]
    return plain_table(head, body, f"{shown.question} The values as a table.")


def boxed_table(
    head: Sequence[str], rows: Sequence[Component], caption: str, class_name: str = "table"
) -> Component:
    """A table that scrolls inside its own box on a narrow screen; rows are whole `tr` elements.

    Roles are said although tags imply them: a style that stacks cells takes the implied ones away.
    """
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="hidden"),
                html.Thead(
                    html.Tr([html.Th(name, scope="col", role="columnheader") for name in head], role="row"),
                    role="rowgroup",
                ),
                html.Tbody(list(rows), role="rowgroup"),
            ],
            className=class_name,
            role="table",
        ),
        className="scroll",
        tabIndex=0,
        role="group",
        **aria(label=caption),
    )


def plain_table(
    head: Sequence[str], body: Iterable[Sequence[Any]], caption: str, class_name: str = "table"
) -> Component:
    """A table with one header cell a row, its first.

    With more than `NARROW_COLUMNS` it is no table on a phone: each row is a list of its named values. So a
    cell of several parts is one element, which stands beside its name as a whole.
    """
    labels = [{"data-label": name} for name in head]
    rows = [
        html.Tr(
            [
                html.Th(row[0], scope="row", role="rowheader", **labels[0]),
                *(
                    html.Td(html.Div(cell) if isinstance(cell, list) else cell, role="cell", **label)
                    for cell, label in zip(row[1:], labels[1:], strict=True)
                ),
            ],
            role="row",
        )
        for row in body
    ]
    stacked = " stacked" if len(head) > NARROW_COLUMNS else ""
    return boxed_table(head, rows, caption, class_name + stacked)


def dimension(name: str, value: Any, published: Published) -> str:
    """The value of a dimension as a reader knows it."""
    if value is None or pd.isna(value):
        return "all"
    if name in ("region", "country") or (name == "attribute_value" and published.has_region(value)):
        return published.region_name(value)
    known: dict[str, Callable[[str], str]] = {
        "area": words.area,
        "source": words.source,
        "event_type": words.event_type,
        "category": words.category,
        "attribute": lambda code: words.ATTRIBUTES.get(code, code.replace("_", " ")),
        "attribute_value": words.group,
        "outcome": lambda code: words.OUTCOMES.get(code, code.replace("_", " ")),
    }
    if name == "population":
        return words.POPULATIONS.get(value, value)
    return known[name](value) if name in known else str(value).replace("_", " ")


def record(row: pd.Series[Any]) -> dict[str, Any]:
    """A row of a frame as a plain mapping."""
    return {str(name): value for name, value in row.items()}


def aria(**attributes: str) -> dict[str, Any]:
    """Attributes for assistive technology, as keywords for any component."""
    return {f"aria-{name}": value for name, value in attributes.items()}


def _subject(shown: Shown, page: Page) -> Component:
    """What is measured, where, in which unit, for when, and the state of the newest values in words."""
    declaration, newest = shown.declaration, _newest(shown)
    latest, title, unit = shown.latest(), declaration.title, words.unit(declaration)
    states = words.states(newest["status"], shown.published.release.k)
    where = of_choice(shown) if page.by_region and len(shown.rows) else []
    parts = [title, *where, "" if unit == title.lower() else unit, words.period(latest) if latest else ""]
    marks: list[Component] = []
    if "provisional" in set(newest["status"]):
        marks = [html.Span("provisional", className="mark", title=words.STATUS["provisional"])]
        states = "" if states == "provisional" else states
    said = " · ".join(part for part in [*parts, states] if part)
    return html.P([html.Span(said), *marks], className="subject")


def of_choice(shown: Shown) -> list[str]:
    """Whether the rows are of the region, locale and area that were chosen, or of all and why."""
    said = []
    for name, chosen in shown.view.chosen.items():
        called = dimension(name, chosen, shown.published)
        found = set(shown.rows[name].dropna())
        if found == {chosen} and shown.rows[name].notna().all():
            said.append(called)
        elif not found:
            any_split: dict[str, Any] = dict.fromkeys(DIMENSIONS, ANY) | {name: EACH}
            kept = len(
                shown.published.select(shown.card.metric, tuple(set(shown.rows["grain"])), **any_split)
            )
            why = f"no value for {called} alone" if kept else f"not kept by {name}"
            said.append(f"all {name}s: {why}")
        elif name == "area" and len(found) == 1:
            said.append(f"{words.area(found.pop())} only")
    return said


def _newest(shown: Shown) -> pd.DataFrame:
    """Rows of the newest period; all of them where none has an end."""
    end = shown.rows["period_end"].max()
    return shown.rows if pd.isna(end) else shown.rows[shown.rows["period_end"] == end]


def _text(part: Any) -> str:
    """All text of components."""
    if isinstance(part, list | tuple):
        return " ".join(map(_text, part))
    return _text(part.children) if hasattr(part, "children") else "" if part is None else str(part)


def _state(shown: Shown, told: str) -> list[Component]:
    """Marks of the newest values in words, and what is not known of the people in them.

    told: the text of the body; a mark that it says of the rows that have it is not said again.
    """
    newest, said = _newest(shown), []
    marks = list(dict.fromkeys(mark for text in newest["flags"] for mark in words.flags(text)))
    marks = [mark for mark in marks if mark not in told]
    if marks:
        said.append(f"{'; '.join(marks)}.")
    unknown = newest["unknown_affiliation_share"].dropna()
    if len(unknown):
        audience = shown.published.release.audience
        ends = [words.number(float(end), "share", audience) for end in (unknown.min(), unknown.max())]
        share = " to ".join(dict.fromkeys(ends))
        said.append(f"Affiliation unknown for {share} of them: counted as community.")
    text = " ".join(said)
    return [html.P(text[0].upper() + text[1:], className="state")] if text else []


def how_sure(shown: Shown, latest: Mapping[str, Any] | None) -> str:
    """How sure a headline number is: its interval, and what it is if probable links hold."""
    if latest is None or pd.isna(latest["value"]):
        return ""
    sentence = f"95\u202f% interval: {latest['interval']}."
    if not latest["interval"]:
        sentence = "Counted, not sampled: no interval."
    if not latest["interval"] and shown.published.release.audience == "public" and words.is_count(shown.unit):
        sentence += " Rounded to the nearest 5, so a change is known to within 5."
    if latest["probable"]:
        sentence += f" {words.WITH_PROBABLE}: {latest['probable']}. That is not the figure: {words.PROBABLE}."
    return sentence


def _gaps(shown: Shown) -> str:
    """What the gaps of a chart are, counted by reason; empty when there are none."""
    hidden = shown.rows[shown.rows["value"].isna()]
    if hidden.empty:
        return ""
    k = shown.published.release.k
    counts = [
        f"{count} {'value' if count == 1 else 'values'} {words.short_status(str(name), k)}"
        for name, count in hidden["status"].value_counts().items()
    ]
    return f"Gaps are not zeros: {', '.join(counts)}."


def _opened_later(title: str, key: str) -> Component:
    """A part whose content is asked for when it is opened, so that pages stay light."""
    return html.Details(
        [
            html.Summary(title, id={"table": key, "part": "opener"}),
            html.Div(html.P("Loading…"), id={"table": key, "part": "content"}, className="inside"),
        ],
        className="as-table",
    )


def _details(title: str, content: Sequence[Component], class_name: str) -> Component:
    return html.Details([html.Summary(title), html.Div(content, className="inside")], className=class_name)


def pairs(pairs: Iterable[tuple[str, str | None]]) -> Component:
    return html.Dl([part for name, text in pairs if text for part in (html.Dt(name), html.Dd(text))])


def _meaning(declaration: Declaration) -> list[Component]:
    interval = declaration.interval_method
    return [
        html.P(declaration.definition),
        pairs(
            [
                ("Unit", words.unit(declaration)),
                ("Grain", declaration.grain),
                ("Window", declaration.window),
                (
                    "Interval",
                    "none: a count, not a sample"
                    if interval in ("", "none")
                    else f"{interval.replace('_', '-').capitalize()}, 95\u202f%",
                ),
                ("People behind it", declaration.persons),
                (
                    "Reading it",
                    {"up": "higher is better", "down": "lower is better"}.get(declaration.direction),
                ),
                ("Reference", declaration.reference),
                ("Notes", declaration.notes),
            ]
        ),
    ]


def explain_command(shown: Shown) -> str:
    """The command that shows how the newest numbers of a card came about (`mdm explain`)."""
    asked, newest = ["mdm", "explain", shown.card.metric], _newest(shown)
    latest = shown.latest()
    if latest is not None and (period := words.asked_period(latest)):
        asked += ["--period", period]
    for name in DIMENSIONS if len(newest) else ():
        code = newest[name].iloc[0]
        if not isinstance(code, str) or not (newest[name] == code).all():
            continue
        if name in EXPLAIN_OPTIONS:
            asked += [f"--{name}", code] if (name, code) != ("population", DEFAULT_POPULATION) else []
        else:
            asked += ["--where", f"{name}={code}"]
    return shlex.join(asked)


def of_release(published: Published) -> list[tuple[str, str]]:
    """What a version was made by, and where it is kept."""
    release = published.release
    return [
        ("Run", release.run_id),
        ("Code", release.code_revision),
        (
            "Published",
            f"version {release.version}, {release.audience} file (groups of {release.k} or more)",
        ),
        ("File", f"{release.version}/{published.file.name}, table metric_value"),
    ]


def _origin(shown: Shown) -> list[Component]:
    release, declaration, latest = shown.published.release, shown.declaration, shown.latest()
    known = latest or {}

    def of_row(name: str) -> str:
        value = known.get(name)
        return "" if value is None or pd.isna(value) else str(value)

    inputs = (
        json.dumps(release.inputs, ensure_ascii=False, sort_keys=True, indent=1) if release.inputs else ""
    )
    return [
        html.P(["Where the data are kept, this goes on from here: ", html.Code(explain_command(shown))]),
        pairs(
            [
                ("Metric", f"{declaration.metric}, version {declaration.version}"),
                ("Sources", ", ".join(words.source(name) for name in declaration.sources)),
                ("Parameters", of_row("parameters_hash")),
                ("Input snapshot", of_row("input_snapshot") or release.input_snapshot),
                ("Identity snapshot", of_row("identity_snapshot") or release.identity_snapshot),
                (
                    "Computed",
                    words.moment(known["computed_at"]) if pd.notna(known.get("computed_at")) else "",
                ),
                *of_release(shown.published),
            ]
        ),
        *([html.P("Inputs of this version"), html.Pre(inputs)] if inputs else []),
    ]

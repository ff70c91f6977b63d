"""The report that is sent on: leadership's five minutes, or a community manager's, as one file.

Made from one published file alone, of the same rows, words and marks as the pages: a card of a page says
which rows, this module which figures stand for each topic area and how a line of them reads. The file runs no
program and asks no host for anything.
Not in here: HTML and small charts (`static.py`), where it is written (`pipelines/cli.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component
from markupsafe import Markup

from dashboards import around, bands, evidence, notices, parts, static, theme, words
from dashboards import card as cards
from dashboards.card import Card, Shown, View
from dashboards.data import ANY, DIMENSIONS, EACH, Published, opened_once, records_of
from dashboards.pages import PAGES, topics

NAME = "Mission-Driven Mozillians"
PERSONA = "mdm_contributors"
HEADLINES: dict[str, tuple[str, ...]] = {
    "regional_identity": ("region_coverage", "active_contributors_by_region", "local_response_rate_72h"),
    "diversity_inclusion": (
        "diversity_index", "parity_gap", "survey_response_rate", "newcomer_response_ratio",
    ),
    "activity": (
        "active_contributors", "new_contributors", "returning_contributors", "multi_area_share",
        "contributor_absence_factor",
    ),
    "accountability": (
        "support_response_rate", "suggestion_time_to_review_d", "bug_time_to_first_response_d",
        "goal_attainment",
    ),
    "leadership": (
        "active_leaders", "leaders_per_100_active", "leader_inactivity_rate", "leader_renewal_rate",
    ),
    "resources": ("review_capacity_ratio", "resource_parity_ratio", "resource_gini", "events_per_100_active"),
    "recognition": ("recognised_share", "unrecognised_regulars", "acknowledgement_rate_30d"),
    "systems": ("identity_link_rate", "comms_reach", "quality_pass_rate"),
    "journey": ("newcomer_retention", "conversion_rate", "contributor_survival", "reactivation_rate"),
    "staff_support": (
        "staff_share_of_first_responses", "newcomer_staff_contact_rate", "affiliation_unknown_share",
    ),
}  # fmt: skip
"""Topic area -> the metrics that stand for it, most telling first."""
CATEGORY = {"newcomer_retention": "90_180d", "conversion_rate": "d2_d1", "reactivation_rate": "180_540d"}
"""Of metrics without a value for all categories together, the one that is told."""
ROWS = 5
"""So many values of a split metric are told; how many more there are is said below them."""
HEAD = ("Figure", "Value", "How sure", "Change", "Course")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""No program and no host: not even the one that the file came from."""
STYLE = Path(__file__).parent / "assets" / "style.css"
MORE_STYLE = f"""
.report {{ background: #fff; }}
.report main {{ max-width: 1040px; }}
.report .edition {{ color: var(--soft); font-size: 0.95rem; }}
.report th small, .report td small {{ display: block; color: var(--soft); font-size: 0.85rem; }}
.report th small {{ font-weight: 400; }}
.report main > section:not(.notices) {{ margin-top: 36px; }}
.report .figures {{ table-layout: fixed; }}
.report .figures th, .report .figures td {{ vertical-align: top; }}
.report .figures thead th:nth-child(1) {{ width: 27%; }}
.report .figures thead th:nth-child(2) {{ width: 14%; }}
.report .figures thead th:nth-child(5) {{ width: 15%; }}
.report svg {{ display: block; max-width: 100%; height: auto; }}
.report .persona {{ display: flex; flex-wrap: wrap; gap: 12px 40px; align-items: flex-end; }}
.report li {{ margin-top: 4px; }}
.report h2 {{ margin-bottom: 4px; }}
.report h3 {{ margin-top: 16px; }}
.report .notices {{ margin-top: 20px; }}
.report .read {{ list-style: disc; padding-left: 20px; font-size: 0.92rem; }}
.report dl {{ grid-template-columns: minmax(0, 1fr) minmax(0, 2.4fr); gap: 8px 20px; font-size: 0.92rem; }}
.report dt {{ color: {theme.INK}; font-weight: 600; }}
@media screen and (max-width: 760px) {{
  .report .figures tbody th::before {{ content: none; }}
  .report .figures td {{ align-items: start; }}
  .report dl {{ grid-template-columns: minmax(0, 1fr); gap: 2px; }}
  .report dd {{ margin-bottom: 8px; }}
}}
@media print {{
  @page {{ margin: 16mm 14mm; }}
  html {{ font-size: 12px; }}
  .report {{ font-size: 1rem; }}
  .report main {{ max-width: none; padding: 0; }}
  .report h2, .report h3 {{ break-after: avoid; }}
  .report tr, .report li, .report dd, .report .persona {{ break-inside: avoid; }}
  .report thead th {{ position: static; }}
  .report a {{ color: inherit; text-decoration: none; }}
}}
"""


@dataclass(frozen=True)
class Line:
    """One value of a report: the row in words, what it is compared with, and whether the change is evident.

    name: which part of its metric it is, empty for the whole. rows: its own series, oldest first. marks: its
    flags in words, without those that all lines of its metric have.
    """

    shown: Shown
    name: str
    row: dict[str, Any]
    before: dict[str, Any] | None
    rows: pd.DataFrame
    evident: str = ""
    marks: str = ""


class NotInPublication(Exception):
    """What was asked for is not in the publication: one sentence that says what is."""


def view_of(published: Published, region: str | None, locale: str | None) -> View:
    """The newest month, of one region (its code or name) or locale where one is named.

    Raises NotInPublication for one of which no figure tells.
    """
    ends = parts.months(published)
    if region is not None:
        known = published.regions[published.regions["kind"] == "region"]
        region = _named(region, "region", dict(zip(known["code"], known["name"], strict=True)))
    if locale is not None:
        rows = published.select("active_contributors_by_locale", ("month",), locale=EACH, area=ANY)
        locale = _named(locale, "locale", dict.fromkeys(sorted(set(rows["locale"])), ""))
    return View(ends[-1] if ends else None, region=region, locale=locale)


def _named(asked: str, what: str, there: Mapping[str, str]) -> str:
    """The code of what is asked for by code or name, in whatever letters."""
    for code, name in there.items():
        if asked.lower() in (code.lower(), name.lower()):
            return code
    told = ", ".join(f"{code} ({name})" if name else code for code, name in there.items())
    raise NotInPublication(f"There is no {what} {asked!r} in this publication; there are {told or 'none'}.")


@opened_once()
def report(published: Published, view: View, written: datetime) -> str:
    """The whole file. written: the instant it is made (UTC without zone); ages are told as of it.

    Raises PublishedUnreadable when the published file is damaged.
    """
    told = {topic: [_shown(card, published, view) for card in _cards(topic)] for topic in topics.TOPICS}
    lines = {
        topic: [_lines(shown) for shown in _headlines(topic, shown_of)] for topic, shown_of in told.items()
    }
    every = [line for topic in lines.values() for some, _ in topic for line in some]
    found = notices.notices(published, view, written, regional=bool(view.region))
    body = html.Main(
        [
            *_top(published, view, written),
            around.noticed(published, found),
            _persona(published, view),
            _what_changed(every),
            *(_topic(topic, told[topic], lines[topic], published) for topic in topics.TOPICS),
            *_next_to_others(published, view),
            _sources(published, replace(view, read_at=written)),
            _rests_on(published, written),
            _definitions(published, every),
            html.Footer(around.foot(published)),
        ]
    )
    title = f"{_title(published, view)}, {view.said} · {NAME}"
    head = Markup(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="{}">\n'
        "<title>{}</title>\n<style>\n{}{}</style>\n</head>\n"
    ).format(POLICY, title, Markup(STYLE.read_text(encoding="utf-8")), Markup(MORE_STYLE))
    return f'{head}<body class="report">\n{static.markup(body)}\n</body>\n</html>\n'


# --- What is told -----------------------------------------------------------------------------


def _cards(topic: str) -> list[Card]:
    path = topics.TOPICS[topic][0]
    return [card for section in PAGES[path].sections for card in section.cards]


def _shown(card: Card, published: Published, view: View) -> tuple[Card, Shown | None]:
    return card, cards.show(card, published, view)


def _headlines(topic: str, told: Iterable[tuple[Card, Shown | None]]) -> list[Shown]:
    """Those that stand for a topic and have a number in some period."""
    of = {card.metric: shown for card, shown in told if shown is not None and not cards.why_nothing(shown)}
    return [of[metric] for metric in HEADLINES[topic] if metric in of]


def _lines(shown: Shown, most: int = ROWS) -> tuple[list[Line], list[str]]:
    """The newest values of a metric, and a sentence on each kind of those that are not told."""
    newest = topics.newest_of(shown.rows)
    newest = bands.fold(newest, shown.unit, shown.published.release.audience)
    one = newest["category"] == CATEGORY.get(shown.card.metric)
    whole = newest["category"].isna()
    newest = newest[one] if one.any() else newest[whole] if whole.any() else newest
    by = [name for name in (*topics.SPLITS, "category") if name != "wave" and newest[name].nunique() > 1]
    hidden = newest["value"].isna() & (len(newest) > 1)
    ordered = topics.arranged(newest[~hidden], by)
    lines = [_line(shown, row, by) for row in records_of(ordered.head(most))]
    pairs = [(line.row, line.before) for line in lines]
    sure = evidence.of_changes(pairs, shown.unit, shown.published.release.audience)
    rest = [f"{len(ordered) - most:,} more have a number"] if len(ordered) > most else []
    rest += topics.without(shown, newest[hidden], by, " more" if lines else "")
    told = ordered.head(most)
    marks = ["; ".join(words.flags(text)) for text in told["flags"]]
    if len(lines) > 1:
        rest += topics.marks_of_all(told)
        marks = topics.own_marks(told)
    every = zip(lines, sure, marks, strict=True)
    return [replace(line, evident=said, marks=mark) for line, said, mark in every], rest


def _line(shown: Shown, row: dict[str, Any], by: Sequence[str]) -> Line:
    mine = shown.rows
    for name in DIMENSIONS:
        if name != "wave":
            mine = mine[mine[name].isna() if pd.isna(row[name]) else mine[name] == row[name]]
    mine = mine.sort_values("period_end", kind="stable")
    return Line(shown, topics.named(shown, row, by), row, parts.earlier(mine, row), mine)


# --- How it reads -----------------------------------------------------------------------------


def _title(published: Published, view: View) -> str:
    place = [published.region_name(view.region)] if view.region else []
    place += [f"locale {view.locale}"] if view.locale else []
    return f"Report for {', '.join(place)}" if place else "How our communities are doing"


def _top(published: Published, view: View, written: datetime) -> list[Component]:
    whose = {
        "public": "Public edition, for everybody.",
        "internal": "Internal edition, for staff only: it tells of groups that the public one hides.",
    }
    made = f"Written on {words.day(written)} from the published figures. {whose[published.release.audience]}"
    lead = "No month is published yet." if view.month is None else f"The newest closed month is {view.said}."
    return [
        html.P(f"{NAME}, community metrics", className="edition"),
        html.H1(_title(published, view)),
        html.P(f"{lead} {made}", className="lead"),
    ]


def _section(title: str, *content: Any) -> Component:
    return html.Section([html.H2(title), *content])


def _persona(published: Published, view: View) -> Component:
    """The headline: how many fit the strategy's persona, in its three senses, and how sure that is."""
    (card,) = (card for card in _cards("activity") if card.metric == PERSONA)
    shown = cards.show(card, published, view)
    title = "Mission-driven contributors"
    if shown is None or shown.rows.empty:
        return _section(title, html.P("No value for this view in this version.", className="none"))
    newest = topics.newest_of(shown.rows)
    whole = newest[newest["category"].isna()]
    if whole.empty:
        return _section(title, html.P("No value for this view in this version.", className="none"))
    line = _line(shown, cards.record(whole.iloc[0]), ())
    said = [
        f"{words.category(row['category'])}: {row['shown']}"
        + (f" (if probable links hold: {row['probable']})" if row["probable"] else "")
        for row in records_of(newest[newest["category"].notna()])
    ]
    (other,) = (card for card in _cards("activity") if card.metric == "mdm_non_code_share")
    work = cards.show(other, published, view)
    latest = None if work is None else work.latest()
    if work is not None and latest is not None:
        said.append(", ".join([f"of what they do, not code: {latest['shown']}", *cards.of_choice(work)]))
    at = ", ".join([words.period(line.row), *cards.of_choice(shown)])
    return _section(
        title,
        html.P(shown.question, className="lead"),
        html.Div(
            [
                parts.number(shown, line.row),
                static.spark(line.rows, parts.said_trend(shown, line.rows), 260, 56),
            ],
            className="persona",
        ),
        html.P(f"{at[0].upper()}{at[1:]}. {cards.how_sure(shown, line.row)}", className="sure"),
        html.Ul(
            [
                *([html.Li(_change(line))] if line.before is not None else []),
                *(html.Li(f"{each[0].upper()}{each[1:]}.") for each in said),
            ],
            className="compare",
        ),
        html.P(shown.declaration.definition, className="sure"),
    )


def _what_changed(lines: Sequence[Line]) -> Component:
    """Which of all figures differ evidently from a quarter before, and how the report is read."""
    judged = [line for line in lines if line.evident]
    evident = [line for line in judged if line.evident == words.FLAGS["evident"]]
    told = [
        html.Li([f"{_called(line)}: {line.row['shown']}, ", *_change(line, judged=False)]) for line in evident
    ]
    count = f"{len(judged)} figures have an interval now and before; "
    differ = "differs" if len(evident) == 1 else "differ"
    said = f"{len(evident)} of them {differ} evidently:" if evident else "none of them differs evidently."
    read = [
        "A figure is compared with the same one a quarter before; what is told by year or wave, with the one "
        "before.",
        "Evident: the change is more than chance would make, once for all that a metric compares. No evident "
        "difference is not proof that there is none. Counts are compared as they are.",
        "A range under “How sure” is a 95\u202f% interval. What a figure is if probable links hold as well "
        f"is not the figure: {words.PROBABLE}.",
        "A figure without a number is not zero: below each table stands which ones have none, and why.",
    ]
    return _section(
        "What changed",
        html.P(count + said),
        *([html.Ul(told, className="read")] if told else []),
        html.H3("How to read this"),
        html.Ul([html.Li(each) for each in read], className="read"),
    )


def _topic(
    topic: str,
    told: Sequence[tuple[Card, Shown | None]],
    lines: Sequence[tuple[list[Line], list[str]]],
    published: Published,
) -> Component:
    rows = [_row(line) for some, _ in lines for line in some]
    name, question = topics.TOPICS[topic][1], published.topics.get(topic, "")
    rest = [
        f"{shown.declaration.title}: {'; '.join(more)}."
        for shown, (_, more) in zip(_headlines(topic, told), lines, strict=True)
        if more
    ]
    number, why = cards.without_number(told)
    if number:
        asked = "question" if len(told) == 1 else "questions"
        rest.append(f"No number to show for {number} of {len(told)} {asked}. {why}")
    return _section(
        name,
        *([html.P(question, className="lead")] if question else []),
        *([_table(rows, f"{name}: the figures that stand for it.")] if rows else []),
        *(html.P(line, className="sure") for line in rest),
    )


def _table(rows: Sequence[Sequence[Any]], caption: str) -> Component:
    return cards.plain_table(HEAD, rows, caption, "table words figures")


def _row(line: Line) -> list[Any]:
    """A line as the cells of `HEAD`."""
    shown, row = line.shown, line.row
    title = html.A(shown.declaration.title, href=f"#d-{shown.card.metric}")
    said = ", ".join(each for each in (line.name, words.period(row), *cards.of_choice(shown)) if each)
    return [html.Div([title, html.Small(said)]), *_cells(line)]


def _cells(line: Line) -> list[Any]:
    """The other cells: value, how sure, change, course; each one element, which a phone puts by its name."""
    shown, row = line.shown, line.row
    there = pd.notna(row["value"])
    bare = any(of(words.unit_of(row, shown.unit)) for of in (words.is_share, words.is_hours, words.is_days))
    unit = words.unit(shown.declaration).partition(" (")[0]
    sure = row["interval"] or ("no interval" if there else "")
    marks = [words.STATUS["provisional"]] if row["status"] == "provisional" else []
    marks += [line.marks] if line.marks else []
    return [
        html.Div(
            [
                html.Span(row["shown"], className="" if there else "absent"),
                *([html.Small(unit)] if there and not bare else []),
            ]
        ),
        html.Div(
            [
                sure,
                *([html.Small(f"if probable links hold: {row['probable']}")] if row["probable"] else []),
                *([html.Small("; ".join(marks))] if marks else []),
            ]
        ),
        html.Div(_change(line)),
        static.spark(line.rows, parts.said_trend(shown, line.rows)),
    ]


def _change(line: Line, judged: bool = True) -> list[Any]:
    """How a figure has changed, and whether that is evident."""
    if line.rows.empty:
        return ["a range from end to end is not compared"]
    if line.before is None:
        return ["nothing to compare with"]
    said = parts.comparison(line.shown, words.period(line.before), line.before, line.row)
    return [*said, *([html.Small(line.evident)] if judged and line.evident else [])]


def _called(line: Line) -> str:
    return line.shown.declaration.title + (f", {line.name}" if line.name else "")


def _next_to_others(published: Published, view: View) -> list[Component]:
    """The chosen region or locale among the others, and the countries of the region."""
    found = []
    metric = "active_contributors_by_region"
    if view.region:
        all_regions = topics.page("", "", "", (metric,)).sections[0].cards[0]
        found += _among("Next to the other regions", all_regions, published, View(view.month), view.region)
        inside = published.regions.loc[published.regions["parent"] == view.region, "code"]

        def rows(published: Published, view: View) -> pd.DataFrame:
            of_all = published.select(metric, ("month",), until=view.month, region=ANY, country=EACH)
            return parts.since(of_all[of_all["country"].isin(inside)], view)

        countries = replace(all_regions, rows=rows)
        found += _among("From which of its countries", countries, published, View(view.month), "")
    if view.locale:
        locales = topics.page("", "", "", ("active_contributors_by_locale",)).sections[0].cards[0]
        found += _among("Next to the other locales", locales, published, View(view.month), view.locale)
    return found


def _among(title: str, card: Card, published: Published, view: View, chosen: str | None) -> list[Component]:
    shown = cards.show(card, published, view)
    if shown is None or shown.rows.empty:
        return []
    lines, rest = _lines(shown, most=len(shown.rows))
    rows = [
        [
            html.Div(
                [
                    html.B(line.name) if chosen in (line.row["region"], line.row["locale"]) else line.name,
                    html.Small(words.period(line.row)),
                ]
            ),
            *_cells(line),
        ]
        for line in lines
    ]
    return [
        _section(
            title,
            *([_table(rows, f"{title}.")] if rows else []),
            *(html.P(f"{line[0].upper()}{line[1:]}.", className="sure") for line in rest),
        )
    ]


def _sources(published: Published, view: View) -> Component:
    """How old and how complete each source is, as the Overview says it."""
    card = PAGES["/"].card("freshness")
    assert card is not None
    shown = cards.show(card, published, view)
    content = [html.P("No source is told of in this version.")] if shown is None else list(card.body(shown))
    asked = "“Age now” is the age when this report was written."
    return _section("How fresh the data are", *content, html.P(asked, className="sure"))


def _rests_on(published: Published, written: datetime) -> Component:
    release = published.release
    made = "" if release.created_at is None else words.moment(release.created_at)
    end = "" if release.as_of is None else words.moment(release.as_of)
    told = [
        *cards.of_release(published),
        ("Made", made),
        ("Data up to", end),
        ("Input snapshot", release.input_snapshot),
        ("Identity snapshot", release.identity_snapshot),
        ("This report", f"written on {words.moment(written)}"),
    ]
    return _section("What these numbers rest on", cards.pairs(told))


def _definitions(published: Published, lines: Sequence[Line]) -> Component:
    metrics = dict.fromkeys([PERSONA, *(line.shown.card.metric for line in lines)])
    content: list[Component] = []
    for metric in metrics:
        if (known := published.metrics.get(metric)) is not None:
            content += [html.Dt(known.title, id=f"d-{metric}"), html.Dd(known.definition)]
    return _section("What the figures mean", html.Dl(content))

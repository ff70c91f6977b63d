"""Regions: how a community manager's region does, next to the others, and how much of it is known.

A country is what people declared; nothing is inferred. Locales are language communities and follow no region.
Not in here: the whole community's headline (`overview.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from dashboards import card as cards
from dashboards import charts, notices, parts, shapes, theme, words
from dashboards.card import Card, Page, Section, Shown, View
from dashboards.data import ANY, EACH, Published

LINES = 6
"""So many regions are drawn as lines at once; the table and the download have all."""
UNKNOWN = "unknown"


def _whose(shown: Shown) -> str:
    mapped = notices.mapped(shown.published, shown.view)
    return "" if mapped else f"Figures are {notices.OF_KNOWN}."


def _how_to_drill(shown: Shown) -> str:
    if notices.mapped(shown.published, shown.view):
        return "Choose a region, on the map or in the table, to see its countries."
    return f"Choose a region in the table to see its countries. {_whose(shown)}"


def _by_region(published: Published, view: View) -> pd.DataFrame:
    """Every region of the chosen area, or of all, in each month up to the chosen one."""
    metric = "active_contributors_by_region"
    return published.select(metric, ("month",), until=view.month, region=EACH, area=view.area)


def _regions_rows(published: Published, view: View) -> pd.DataFrame:
    """Every region in the chosen month and the one before; `unknown` is a row of its own, last."""
    rows = _by_region(published, view)
    rows = rows[rows["period_end"].isin([view.months_back(0), view.months_back(1)])]
    return _largest_first(rows, "region", published)


def _countries_rows(published: Published, view: View) -> pd.DataFrame:
    """The countries of the chosen region in the chosen month and the one before."""
    rows = published.select(
        "active_contributors_by_region",
        ("month",),
        until=view.month,
        region=ANY,
        country=EACH,
        area=view.area,
    )
    rows = rows[rows["period_end"].isin([view.months_back(0), view.months_back(1)])]
    inside = published.regions.loc[published.regions["parent"] == view.region, "code"]
    return _largest_first(rows[rows["country"].isin(inside)], "country", published)


def _largest_first(rows: pd.DataFrame, by: str, published: Published) -> pd.DataFrame:
    names = rows[by].map(published.region_name)
    ordered = rows.assign(_unknown=rows[by] == UNKNOWN, _name=names).sort_values(
        ["period_end", "_unknown", "value", "_name"], ascending=[False, True, False, True], na_position="last"
    )
    return ordered.drop(columns=["_unknown", "_name"])


def _map_and_table(shown: Shown) -> Sequence[Component]:
    by = "country" if shown.view.region else "region"
    return [
        html.Div(
            [
                html.Div(_map(shown, by), className="map-side"),
                html.Div(_drill(shown, by), className="map-side"),
            ],
            className="map-and-table",
        )
    ]


def _map(shown: Shown, by: str) -> list[Component]:
    """The world map, or the sentence that says why there is none."""
    published, view = shown.published, shown.view
    if not notices.mapped(published, view):
        return _no_map(published, view)
    now = shown.rows[shown.rows["period_end"] == view.month]
    countries = published.regions[
        (published.regions["kind"] == "country") & published.regions["iso3"].notna()
    ]
    if by == "region":
        drawn = countries.merge(now[["region", "value", "shown"]], left_on="parent", right_on="region")
        drawn = drawn.assign(code=drawn["parent"], name=drawn["parent"].map(published.region_name))
    else:
        drawn = countries.merge(now[["country", "value", "shown"]], left_on="code", right_on="country")
        drawn = drawn.assign(code=view.region)
    inside = countries.loc[countries["parent"] == view.region, "iso3"]
    around = shapes.bounds(inside) if by == "country" else None
    measured, hidden = int(now["value"].notna().sum()), int((now["status"] == "suppressed").sum())
    said = (
        f"World map of active contributors{view.inside} by {by}: {measured} with a number, "
        f"{hidden} suppressed. The table has them all."
    )
    legend = [
        html.Span([html.I(style={"background": theme.SUPPRESSED}), words.suppressed(published.release.k)])
    ]
    legend.append(
        html.Span(
            [
                html.I(style={"background": theme.NOT_MEASURED}),
                "nobody counted here" if by == "region" else "another region, or nobody counted",
            ]
        )
    )
    return [
        shown.graph(charts.world(drawn, shown.unit, around), said, "map", "graph map"),
        html.P(legend, className="legend"),
    ]


def _no_map(published: Published, view: View) -> list[Component]:
    """Why there is no map, and the areas that have one in this month."""
    row, audience = notices.coverage(published, view), published.release.audience
    if row is None or pd.isna(row["value"]):
        known = f"it is not published how many of the active people{view.inside} have declared a country"
    else:
        share = words.number(float(row["value"]), "share", audience)
        known = f"only {share} of the active people{view.inside} have declared a country"
    others = [
        html.Li(
            [
                f"In {words.area(area)} {words.number(share_of_area, 'share', audience)} are known: ",
                dcc.Link(f"see the map of {words.area(area)}", href=f"{PAGE.path}?{view.query(area=area)}"),
            ]
        )
        for area, share_of_area in notices.mapped_areas(published, view).items()
    ]
    return [
        html.P("No map is drawn.", className="no-map-title"),
        html.P(
            f"For {view.said}, {known}. A map would show who declares one, not where people are. "
            f"The figures beside it are to be read as “{notices.OF_KNOWN}”.",
            className="no-map",
        ),
        html.Ul(others, className="no-map")
        if others
        else html.P("No contribution area has a map in this month.", className="no-map"),
    ]


def _drill(shown: Shown, by: str) -> list[Component]:
    """Regions as links into their countries, with both months; countries as they are.

    Those without a number are a line for each reason.
    """
    view, published = shown.view, shown.published
    now = shown.rows[shown.rows["period_end"] == view.month]
    before = shown.rows[shown.rows["period_end"] != view.month].drop_duplicates(by).set_index(by)
    there = now["value"].notna()
    body: list[list[Any]] = []
    for _, row in now[there].iterrows():
        code = row[by]
        earlier = cards.record(before.loc[code]) if code in before.index else None
        name: Component | str = published.region_name(code)
        if by == "region" and code != UNKNOWN:
            name = _link(code, view, published)
        body.append([name, row["shown"], _against(shown, cards.record(row), earlier)])
    if now.empty:
        return [html.P("No value for this month in this version.", className="none")]
    head = ["Region" if by == "region" else "Country", view.said, f"Change on {view.said_before}"]
    what = "Regions" if by == "region" else f"Countries of {published.region_name(str(view.region))}"
    said = f"{what}: active contributors{view.inside}."
    return [
        *([cards.plain_table(head, body, said, "table numbers drill")] if body else []),
        *_without(shown, now[~there], by),
    ]


def _without(shown: Shown, rows: pd.DataFrame, by: str) -> list[Component]:
    """A line for each reason why places have no number: how many, why, which; regions as links."""
    lines = []
    for why, some in rows.groupby("shown", sort=False):
        named: list[Component | str] = []
        for code in some[by]:
            leads = by == "region" and code != UNKNOWN
            name = _link(code, shown.view, shown.published) if leads else shown.published.region_name(code)
            named += [", ", name]
        lines.append(html.P([f"{len(some)} {why}: ", *named[1:], "."], className="sure"))
    return lines


def _link(code: str, view: View, published: Published) -> Component:
    return dcc.Link(published.region_name(code), href=f"{PAGE.path}?{view.query(region=code)}")


def _against(shown: Shown, now: dict[str, Any], before: dict[str, Any] | None) -> list[Component | str]:
    """The change with the value it is a change from; a dash where that is not there."""
    change = shown.change(now, before)
    if change is None or before is None:
        return ["\u2013"]
    return [words.compact(change), html.Small(f" from {before['shown']}")]


def _over_time_rows(published: Published, view: View) -> pd.DataFrame:
    return parts.since(_by_region(published, view), view)


def _over_time(shown: Shown) -> Sequence[Component]:
    """Lines of the largest regions of the chosen month; the chosen region always among them, first."""
    now = shown.rows[(shown.rows["period_end"] == shown.view.month) & shown.rows["value"].notna()]
    ranked = now.sort_values("value", ascending=False, kind="stable")["region"].tolist()
    known = [code for code in ranked if code != UNKNOWN]
    first = [shown.view.region] if shown.view.region in set(shown.rows["region"]) else []
    chosen = [*first, *(code for code in known if code not in first)][:LINES]
    if not chosen:
        return [html.P("No region has a number in this month.", className="none")]
    names = {code: shown.published.region_name(code) for code in chosen}
    rest = shown.rows["region"].nunique() - len(chosen)
    figure = charts.lines(shown.rows, "region", names, shown.unit, height=340)
    whose = f"Active contributors{shown.view.inside} by month"
    said = f"{whose}, one line for each of: {', '.join(names.values())}."
    more = f"{rest} more, “{shown.published.region_name(UNKNOWN)}” among them, are in the table."
    return [
        shown.legend(charts.series_marks(names)),
        shown.graph(figure, said),
        *([html.P(more, className="sure")] if rest else []),
    ]


def _locale_rows(published: Published, view: View) -> pd.DataFrame:
    rows = parts.of_month("active_contributors_by_locale", locale=EACH, area=ANY)(published, view)
    rows = rows[rows["area"].isin(["localization", "support"])]
    return rows.sort_values(["area", "value", "locale"], ascending=[True, False, True], na_position="last")


def _locales(shown: Shown) -> Sequence[Component]:
    """For each area, the ten largest locales as bars; the rest in the table."""
    body: list[Component] = []
    for area, rows in shown.rows.groupby("area", sort=False):
        measured = rows[rows["value"].notna()].head(10)
        hidden = int((rows["status"] == "suppressed").sum())
        body.append(html.H4(words.area(str(area))))
        if len(measured):
            said = ", ".join(f"{row['locale']} {row['shown']}" for _, row in measured.iterrows())
            figure = charts.bars(measured, measured["locale"].tolist())
            body.append(
                shown.graph(figure, f"{words.area(str(area))}, active people by locale: {said}.", str(area))
            )
        tail = (
            [
                f"{hidden} {'locale' if hidden == 1 else 'locales'} "
                f"{words.suppressed(shown.published.release.k)}"
            ]
            if hidden
            else []
        )
        more = int(rows["value"].notna().sum()) - len(measured)
        tail += [f"{more} more in the table"] if more else []
        if tail:
            body.append(html.P("; ".join(tail) + ".", className="sure"))
    return body


def _events_rows(published: Published, view: View) -> pd.DataFrame:
    rows = parts.of_month("events_per_100_active", ("year",), country=EACH, region=ANY, category=ANY)(
        published, view
    )
    if view.region:
        inside = published.regions.loc[published.regions["parent"] == view.region, "code"]
        rows = rows[rows["country"].isin(inside)]
    return rows.sort_values(["value", "country"], ascending=[False, True], na_position="last")


def _events(shown: Shown) -> Sequence[Component]:
    rows = shown.rows
    measured = rows[rows["value"].notna()].head(12)
    hidden = int((rows["status"] == "suppressed").sum())
    body: list[Component] = []
    if len(measured):
        labels = [shown.published.region_name(code) for code in measured["country"]]
        said = ", ".join(f"{label} {text}" for label, text in zip(labels, measured["shown"], strict=True))
        body.append(shown.graph(charts.bars(measured, labels), f"Events per 100 active people: {said}."))
    if hidden:
        named = "country" if hidden == 1 else "countries"
        body.append(
            html.P(f"{hidden} {named} {words.suppressed(shown.published.release.k)}.", className="sure")
        )
    return body or [html.P("No country has a number for this year.", className="none")]


def _title(published: Published, view: View) -> str:
    where = published.region_name(view.region) if view.region else "Regions"
    return f"{where}: {words.area(view.area)}" if view.area else where


def _lead(published: Published, view: View) -> str:
    if view.month is None:
        return "This version holds no month yet."
    where = (
        f"{published.region_name(view.region)} next to the other regions"
        if view.region
        else "Who contributes from where"
    )
    return (
        f"{where}{view.inside}, {view.said}. "
        "Regions follow the country that people declared; nothing is inferred."
    )


PAGE = Page(
    path="/regions",
    name="Regions",
    title=_title,
    lead=_lead,
    by_region=True,
    sections=(
        Section(
            "How much is known",
            "Read every regional figure beside this share.",
            (
                Card(
                    "region-active",
                    "active_contributors_by_region",
                    "How many people contribute from this region?",
                    parts.headline_rows("active_contributors_by_region", by_region=True, by_area=True),
                    parts.headline,
                    applies=lambda published, view: view.region is not None,
                ),
                Card(
                    "region-total",
                    "active_contributors",
                    "How many people contribute in all?",
                    parts.headline_rows("active_contributors", by_area=True),
                    parts.headline,
                    applies=lambda published, view: view.region is None,
                ),
                Card(
                    "coverage",
                    "region_coverage",
                    "Of how many people do we know the region?",
                    parts.series("region_coverage", by_area=True),
                    parts.trend,
                    gaps=True,
                ),
            ),
        ),
        Section(
            "Where people are",
            "Regions are the United Nations' sub-regions. Regions and “not known” add up to the total.",
            (
                Card(
                    "map",
                    "active_contributors_by_region",
                    "Where do people contribute from?",
                    _regions_rows,
                    _map_and_table,
                    "full",
                    _how_to_drill,
                    table=False,
                    applies=lambda published, view: view.region is None,
                ),
                Card(
                    "countries",
                    "active_contributors_by_region",
                    "From which of its countries?",
                    _countries_rows,
                    _map_and_table,
                    "full",
                    _whose,
                    table=False,
                    applies=lambda published, view: view.region is not None,
                ),
                Card(
                    "regions-over-time",
                    "active_contributors_by_region",
                    "How do the regions develop?",
                    _over_time_rows,
                    _over_time,
                    "full",
                    gaps=True,
                ),
            ),
        ),
        Section(
            "Languages and events",
            "A locale is a language community, not a country: it does not follow the region chosen above. "
            "Neither card follows the area.",
            (
                Card(
                    "locales",
                    "active_contributors_by_locale",
                    "Which language communities are active?",
                    _locale_rows,
                    _locales,
                    caution="One person may be active in several locales: locales do not add up.",
                ),
                Card(
                    "events",
                    "events_per_100_active",
                    "Where do people meet?",
                    _events_rows,
                    _events,
                    caution="Events of the year for each 100 people active in the country.",
                ),
            ),
        ),
    ),
)

"""One page for each topic area of the strategy, a card for each of its metrics.

How a card is drawn follows from how its metric is split: a series where it is one number a period, a table of
the newest period where it is split by regions, roles or groups. Not in here: the two pages that were composed
by hand (`overview.py`, `regions.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import bands, charts, parts, words
from dashboards import card as cards
from dashboards.card import Card, Page, Section, Shown, View
from dashboards.data import ANY, DIMENSIONS, Published, records_of

UNDATED = ("wave", "goal", "window", "run")
"""Grains that the chosen month does not limit."""
DATED = (
    "month", "quarter", "trailing_90d", "trailing_365d", "year", "trailing_30d", "trailing_180d", "week",
    "day",
)  # fmt: skip
"""In which of its grains a metric is shown: the first that it has, else an undated one."""
SPLITS = tuple(name for name in DIMENSIONS if name not in ("category", "population"))
SPLIT_BY = {"regional_retention_180d": ("region",)}
"""Metrics that have values for all together, too, but are there to compare."""
BY_POPULATION = {"volunteer_needinfo_waiting": ("volunteer_strict", "community")}
"""Metrics whose populations are both ends of a number."""
OWN_TIMES = ("goal", "resource", "outcome", "category")
"""What is split by these is over at different times: staying for 180 days is known later than for 30."""
WIDE = frozenset(
    {
        "demographic_share", "demographic_share_bounds", "newcomer_response_ratio", "goal_attainment",
        "recognition_parity_ratio", "level_transition_matrix", "extraction_completeness",
    }
)  # fmt: skip
"""Metrics whose tables have so many columns that half of a page squeezes them."""
PLACES = ("area", "region", "country", "locale", "product", "project")
"""Splits whose values have no order of their own: those with the most people stand first."""
TEAM_TERMS = {
    "manager": "more than {} approved translations and reviews for a manager",
    "translator": "more than {} for a translator",
    "active_contributor": "{} approved translations",
    "contributor": "{} submitted ones for a contributor",
    "new_person": "{} approved ones for somebody new",
}
"""The thresholds of `locale_team_health` in words, by their names in its parameters."""
SHOWN_ROWS = {"full": 20, "half": 10}
"""How many rows a table of a card has; the rest is in the one that opens."""
ALIKE = 3
"""More rows than this without a number for one reason are one line."""
MEASURED_FROM = 0.5
"""From this share of days or weeks with a value on, a course over them is drawn."""
LINES = 5
"""So many categories are drawn as lines; more are a table."""


def rows_of(metric: str) -> parts.Rows:
    """Rows of one metric up to the chosen month, split as little as the metric allows.

    Of the region and area that were chosen where there are rows of them, split by nothing else or as the
    metric is without. Where the split is what the metric is about (`SPLIT_BY`), it is kept.
    """

    def rows(published: Published, view: View) -> pd.DataFrame:
        any_split: Any = dict.fromkeys((*SPLITS, "category"), ANY)
        of_both = {"population": BY_POPULATION[metric]} if metric in BY_POPULATION else {}
        found = published.select(metric, DATED, until=view.month, **any_split, **of_both)
        if found.empty:
            found = published.select(metric, UNDATED, **any_split)
        if found.empty:
            found = published.select(metric, DATED, until=view.month, **any_split, population=ANY)
        if found.empty:
            return found
        there = found[list(SPLITS)].notna().to_numpy()
        split = pd.Series([tuple(compress(SPLITS, each)) for each in there], index=found.index)
        least = min(split.unique(), key=lambda names: (len(names), [SPLITS.index(name) for name in names]))
        for chosen in _choices(view):
            for also in ((), least):
                names = tuple(name for name in SPLITS if name in chosen or name in also)
                mine = found[(split == names) & (found[list(chosen)] == pd.Series(chosen)).all(axis=1)]
                if len(mine):
                    return _recent(mine, view)
        wanted = SPLIT_BY.get(metric)
        return _recent(found[split == (wanted if wanted in set(split) else least)], view)

    return rows


def _choices(view: View) -> list[dict[str, str]]:
    """What a reader chose, all of it first, then the region, the locale and the area each alone."""
    every = view.chosen
    return [every, *({name: code} for name, code in every.items())] if every else []


def _recent(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    """The months that pages go back to; within each period, rows by what they mean and not by their text."""
    dated = not set(rows["grain"]) & set(UNDATED)
    rows = parts.since(rows, view) if dated else rows
    ranks = pd.DataFrame({name: _ranks(rows[name]) for name in (*SPLITS, "category")}, index=rows.index)
    ranks.insert(0, "period_end", pd.factorize(rows["period_end"])[0])
    return rows.loc[ranks.sort_values(ranks.columns.tolist(), kind="stable").index].reset_index(drop=True)


def _ranks(column: pd.Series[Any]) -> pd.Series[int]:
    if column.isna().all():
        return pd.Series(0, column.index)
    places = {code: place for place, code in enumerate(sorted(column.dropna().unique(), key=words.place), 1)}
    return column.map(places).fillna(0).astype(int)


def newest_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest period, whatever their status: an older value is not the current one.

    What is measured over times of its own (`OWN_TIMES`) has its own newest period. A slice that has no row
    there is left out.
    """
    newest = rows.groupby(list(OWN_TIMES), dropna=False)["period_end"].transform("max")
    return rows[(rows["period_end"] == newest) | newest.isna()]


def body(shown: Shown) -> Sequence[Component]:
    """A series where rows are one number a period, by category at most; else the newest period as a table."""
    rows = shown.rows
    split = [name for name in SPLITS if name != "wave" and rows[name].nunique() > 1]
    categories = list(dict.fromkeys(rows["category"].dropna()))
    newest = newest_of(rows)
    several = newest["population"].nunique() > 1
    newest = bands.fold(newest, shown.unit, shown.published.release.audience)
    if split or len(categories) > LINES or several:
        return _table(shown, newest, split)
    whole = rows[rows["category"].isna()]
    if len(categories) > 1 and moves(rows[rows["category"].notna()]):
        return [*_facts(shown, newest), *_lines(shown, categories)]
    if categories and (len(whole) or len(categories) > 1):
        return [*_facts(shown, newest), *([_trend(shown, whole)] if moves(whole) else [])]
    latest = cards.record(newest.iloc[-1])
    sure = cards.how_sure(shown, latest)
    return [
        parts.number(shown, latest),
        html.P(words.period(latest) + (f". {sure}" if sure else ""), className="sure"),
        *(html.Ul([html.Li(said)], className="compare") for said in parts.changes(shown, [latest]) if said),
        *_last_shown(shown, newest, ["category"]),
        *([_trend(shown, rows)] if moves(rows) else []),
    ]


def moves(rows: pd.DataFrame) -> bool:
    """Whether a chart over time has more to show than lone points: two values of one series.

    Of days and weeks most must have a value, too: a few of hundreds are told in words and are in the table.
    """
    series = rows.groupby("category", dropna=False)["value"]
    fine = set(rows["grain"]) <= set(cards.FINE_GRAINS)
    if fine and (series.count() / series.size()).max() < MEASURED_FROM:
        return False
    return rows["period_end"].nunique() > 1 and bool(series.count().max() > 1)


def _trend(shown: Shown, rows: pd.DataFrame) -> Component:
    return shown.graph(charts.trend(rows, shown.unit), parts.said_trend(shown, rows))


def _facts(shown: Shown, newest: pd.DataFrame) -> list[Component]:
    """The newest value of each category, with its interval; those without one in a line for each reason."""
    hidden = newest["value"].isna()
    if hidden.all():
        return _nothing_new(shown, newest, ["category"])
    curve = newest["category"].str.fullmatch(r"s_\d+d").eq(True).any()
    facts, there = [], records_of(newest[~hidden])
    for row, change in zip(there, parts.changes(shown, there), strict=True):
        name = named(shown, row, ["category"]) or ("median" if curve else "all")
        said: list[Component | str] = [html.B(row["shown"]), html.Span(f" {name}")]
        if row["interval"]:
            said.append(html.Small(f"95\u202f% interval: {row['interval']}"))
        if row["probable"]:
            said.append(html.Small(f"{words.WITH_PROBABLE}: {row['probable']}"))
        said.append(html.Small(words.period(row)))
        said += [html.Small(change)] if change else []
        facts.append(html.Li(said))
    rest = without(shown, newest[hidden], ["category"])
    return [html.Ul(facts, className="facts"), *(html.P(line, className="sure") for line in rest)]


def _lines(shown: Shown, categories: Sequence[str]) -> list[Component]:
    names = {code: words.category(code) for code in categories}
    unit = words.unit_of({"category": categories[0]}, shown.unit)
    figure = charts.lines(shown.rows, "category", names, unit, height=240)
    label = f"{shown.declaration.title}, one line for each of: {', '.join(names.values())}."
    return [shown.legend(charts.series_marks(names)), shown.graph(figure, label)]


def _table(shown: Shown, newest: pd.DataFrame, split: Sequence[str]) -> list[Component]:
    """The newest period, as many rows as there is room for; what it is split by first, numbers after it."""
    by = [*split, *(name for name in ("category", "population") if newest[name].nunique() > 1)]
    if newest["value"].isna().all():
        return _nothing_new(shown, newest, by)
    hidden = alike(newest)
    rest, ordered = without(shown, newest[hidden], by), arranged(newest[~hidden], by)
    more = len(ordered) - SHOWN_ROWS[shown.card.width]
    ordered = ordered.head(SHOWN_ROWS[shown.card.width])
    notes = own_marks(ordered)
    periods = newest["period_end"].nunique() > 1
    ranked = newest["rank_best"].notna().any()
    sure, banded = (newest["interval"] != "").any(), (newest["probable"] != "").any()
    head = [
        *(words.heading(name) for name in by or ["category"]),
        "Value",
        *(["95\u202f% interval"] if sure else []),
        *(["Rank"] if ranked else []),
        *(["Period"] if periods else []),
        *(["Note"] if any(notes) else []),
    ]
    table_rows = [
        [
            *(cards.dimension(name, row[name], shown.published) for name in by or ["category"]),
            _value(row),
            *([row["interval"]] if sure else []),
            *([_rank(row)] if ranked else []),
            *([words.period(row)] if periods else []),
            *([note] if any(notes) else []),
        ]
        for row, note in zip(records_of(ordered), notes, strict=True)
    ]
    below = [] if periods else [words.period(cards.record(newest.iloc[-1]))]
    below += [f"{more:,} more in the table below"] if more > 0 else []
    probable = f"What holds “if probable links hold” is not the figure: {words.PROBABLE}." if banded else ""
    return [
        cards.plain_table(head, table_rows, f"{shown.question} The newest period.", "table words"),
        *(html.P(line, className="sure") for line in ("; ".join(below), *rest, probable) if line),
    ]


def _value(row: dict[str, Any]) -> str | list[Component | str]:
    """The number of a row, and in small print what it is if probable links hold."""
    if not row["probable"]:
        return str(row["shown"])
    return [row["shown"], html.Small(f"if probable links hold: {row['probable']}")]


def arranged(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Rows by the values of `by`: places with the most people first, all else by meaning."""
    ranks = pd.DataFrame({name: _ranks(rows[name]) for name in by}, index=rows.index)
    for name in set(by) & set(PLACES):
        most = rows.groupby(name)["persons"].max().fillna(-1).to_dict()
        codes = sorted(most, key=lambda code: (code == "unknown", -most[code], words.place(code)))
        ranks[name] = rows[name].map({code: place for place, code in enumerate(codes, 1)}).fillna(0)
    return rows.loc[ranks.sort_values(list(by), kind="stable").index] if by else rows


def _nothing_new(shown: Shown, newest: pd.DataFrame, by: Sequence[str]) -> list[Component]:
    """Why the newest period has no number, and the last numbers that can be shown."""
    reasons = list(newest["shown"].unique())
    if len(reasons) == 1:
        lines = [f"All {len(newest):,} {reasons[0]}" if len(newest) > 1 else reasons[0].capitalize()]
    else:
        lines = [f"{count:,} {reason}" for reason, count in newest["shown"].value_counts().items()]
    return [
        html.P("; ".join(lines), className="none"),
        html.P(words.period(cards.record(newest.iloc[0])), className="sure"),
        *_last_shown(shown, newest, by),
    ]


def _last_shown(shown: Shown, newest: pd.DataFrame, by: Sequence[str]) -> list[Component]:
    """The last numbers that can be shown, where the newest period has none."""
    there = shown.rows[shown.rows["value"].notna()]
    if newest["value"].notna().any() or there.empty:
        return []
    last = there[there["period_end"] == there["period_end"].max()]
    when = words.period(cards.record(last.iloc[0]))
    if len(last) > LINES:
        return [html.P(f"The last numbers that can be shown are of {when}, in the table.", className="sure")]
    whole = "all" if len(last) > 1 else ""
    told = ", ".join(f"{row['shown']} {named(shown, row, by) or whole}".strip() for row in records_of(last))
    return [html.P(f"Last shown, {when}: {told}.", className="sure")]


def named(shown: Shown, row: dict[str, Any], by: Sequence[str]) -> str:
    """What a row is of, in the dimensions that tell it from its neighbours."""
    return ", ".join(cards.dimension(name, row[name], shown.published) for name in by if pd.notna(row[name]))


def alike(rows: pd.DataFrame) -> pd.Series[bool]:
    """Rows without a value that would repeat a line: suppressed ones, and more than `ALIKE` of one reason."""
    empty = rows["value"].isna()
    same = rows.assign(marks=rows["flags"].fillna("")).groupby(["status", "marks"])["status"]
    return empty & ((rows["status"] == "suppressed") | (same.transform("size") > ALIKE))


def without(shown: Shown, rows: pd.DataFrame, by: Sequence[str], joint: str = " more") -> list[str]:
    """A line for each reason why rows have no number: how many, why, and which of one dimension's values.

    joint: what follows their number, nothing where no row with a number stands above.
    """
    lines = []
    for (_, marks), part in rows.groupby(["shown", rows["flags"].fillna("")], sort=False):
        why = f"{part['shown'].iloc[0]}" + (f", {'; '.join(words.flags(marks))}" if marks else "")
        names = [named(shown, row, by) or "all" for row in records_of(part) if len(by) == 1]
        lines.append(f"{len(part):,}{joint} {why}" + (f": {', '.join(names)}" if names else ""))
    return lines


def own_marks(rows: pd.DataFrame) -> list[str]:
    """What is marked of each row and not of all of them: the card says below what holds for all."""
    common = marks_of_all(rows)
    return ["; ".join(mark for mark in words.flags(text) if mark not in common) for text in rows["flags"]]


def marks_of_all(rows: pd.DataFrame) -> list[str]:
    """What is marked of every row that has a number."""
    marks = [words.flags(text) for text in rows.loc[rows["value"].notna(), "flags"]]
    return [mark for mark in marks[0] if all(mark in found for found in marks)] if marks else []


def _rank(row: dict[str, Any]) -> str:
    """A rank with what it could be: never a bare place."""
    if pd.isna(row["rank_best"]):
        return ""
    best, worst = int(row["rank_best"]), int(row["rank_worst"])
    return f"{best}" if best == worst else f"{best} to {worst}"


def _no_threshold(shown: Shown) -> str:
    """What a score of 0 of a locale's team means, with the thresholds that the metric declares."""
    if not (newest_of(shown.rows)["value"] == 0).any():
        return ""
    asked = shown.declaration.parameter("team_health_thresholds", {})
    terms = [said.format(asked[name]) for name, said in TEAM_TERMS.items() if name in asked]
    return (
        "A score of 0 is measured, not missing: in the year before the end of the month nobody in the locale "
        f"reached a threshold{': ' if terms else ''}{', '.join(terms)}."
    )


def page(topic: str, path: str, name: str, metrics: Sequence[str]) -> Page:
    """The page of a topic area: its question, and a card for each metric with the question it declares."""
    found = tuple(
        Card(
            metric.replace("_", "-"),
            metric,
            "",
            rows_of(metric),
            body,
            "full" if metric in WIDE else "half",
            CAUTIONS.get(metric, ""),
            gaps=True,
        )
        for metric in metrics
    )

    def lead(published: Published, view: View) -> str:
        if view.month is None:
            return "This version holds no month yet."
        return (
            "The newest period that is over, unless a card says otherwise. A range is a 95\u202f% interval; "
            "a change is evident where it is more than chance would make."
        )

    return Page(
        path=path,
        name=name,
        title=lambda published, view: published.topics.get(topic) or name,
        lead=lead,
        sections=(Section(name, "", found),),
        by_region=True,
    )


CAUTIONS = {"locale_team_health": _no_threshold}
"""What a reader of a card must know that its values and flags do not say."""
TOPICS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "regional_identity": (
        "/regional-identity",
        "Regional identities",
        (
            "active_contributors_by_region",
            "region_coverage",
            "active_contributors_by_locale",
            "regional_retention_180d",
            "region_absence_factor",
            "locale_team_health",
            "locale_completion",
            "speaker_weighted_completion",
            "local_response_rate_72h",
            "pontoon_chs_compat",
        ),
    ),
    "diversity_inclusion": (
        "/diversity-inclusion",
        "Diversity and inclusion",
        (
            "survey_response_rate",
            "demographic_share",
            "demographic_share_bounds",
            "parity_gap",
            "diversity_index",
            "newcomer_response_ratio",
            "leadership_representation_ratio",
            "speaker_coverage",
            "cross_region_interaction_index",
        ),
    ),
    "activity": (
        "/activity",
        "Activity",
        (
            "contributions",
            "active_contributors",
            "new_contributors",
            "returning_contributors",
            "activity_level_distribution",
            "multi_area_share",
            "mdm_contributors",
            "contributor_absence_factor",
            "contributor_net_flow",
            "mdm_score",
            "sumo_forum_contributors_compat",
            "sumo_kb_contributors_compat",
            "sumo_weekly_retention_compat",
            "reps_levels_compat",
            "mdm_non_code_share",
        ),
    ),
    "accountability": (
        "/accountability",
        "Accountability",
        (
            "support_response_rate",
            "support_time_to_first_response_h",
            "suggestion_time_to_review_d",
            "bug_time_to_first_response_d",
            "needinfo_response_rate_14d",
            "goal_attainment",
            "support_solved_rate",
            "unreviewed_suggestion_age_d",
            "reps_reporting_compliance",
            "sumo_responded_24_compat",
            "sumo_responded_72_compat",
        ),
    ),
    "leadership": (
        "/leadership",
        "Leadership",
        (
            "active_leaders",
            "leaders_per_100_active",
            "leader_inactivity_rate",
            "uncovered_scopes",
            "leader_renewal_rate",
            "time_to_leadership",
            "volunteer_leader_share",
            "leader_generation_share",
            "mentee_retention_gap",
        ),
    ),
    "resources": (
        "/resources",
        "Resources",
        (
            "events_per_100_active",
            "event_outcome_ratio",
            "resource_parity_ratio",
            "resource_gini",
            "review_capacity_ratio",
            "budget_requests",
            "budget_approval_rate",
            "budget_time_to_decision_d",
            "budget_followup_rate",
        ),
    ),
    "recognition": (
        "/recognition",
        "Recognition",
        (
            "recognised_share",
            "unrecognised_regulars",
            "time_to_first_recognition_d",
            "acknowledgement_rate_30d",
            "recognition_parity_ratio",
            "recognition_concentration",
            "badge_awards",
        ),
    ),
    "systems": (
        "/systems",
        "Systems",
        (
            "identity_link_rate",
            "source_freshness_h",
            "extraction_completeness",
            "quality_pass_rate",
            "value_revision_rate",
            "publication_lag_d",
            "identity_volatility",
            "forum_unanswered_rate_7d",
            "comms_reach",
        ),
    ),
    "journey": (
        "/journey",
        "Journey",
        (
            "conversion_rate",
            "time_to_second_contribution_d",
            "newcomer_retention",
            "contributor_survival",
            "level_transition_matrix",
            "first_contribution_response_72h",
            "reactivation_rate",
            "cross_area_mobility",
            "first_contribution_accepted_30d",
            "burnout_signal",
            "time_to_second_area_d",
        ),
    ),
    "staff_support": (
        "/staff-support",
        "Staff support",
        (
            "staff_share_of_first_responses",
            "staff_share_of_reviews",
            "volunteers_per_supporting_staff",
            "staff_dependency",
            "newcomer_staff_contact_rate",
            "affiliation_unknown_share",
            "staff_response_time_gap_h",
            "volunteer_needinfo_waiting",
            "staff_coverage_by_region",
        ),
    ),
}
"""Topic area -> path, name and metrics of its page, in the strategy's order."""
PAGES = tuple(page(topic, *said) for topic, said in TOPICS.items())

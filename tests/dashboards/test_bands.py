"""Where too few affiliations are known, a band stands in a number's place, and the number alone nowhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dash.development.base_component import Component

from dashboards import card as cards
from dashboards.app import render
from dashboards.card import View
from dashboards.data import open_published
from dashboards.pages import topics
from tests.dashboards.conftest import READ_AT
from tests.dashboards.published import Invented, write
from tests.dashboards.trees import all_of, by_id, nodes, text

MARK, OTHER = "'band_only, source_missing'", "'source_missing'"
SINGLE = 7.25
"""What stands between the ends of 3.5 and 21.5: drawn or written, it is the single value."""


UNITS = {
    "volunteers_per_supporting_staff": "volunteers per person",
    "volunteer_needinfo_waiting": "requests",
    "staff_response_time_gap_h": "difference of hours",
}
"""Of those that are no shares."""


def page(folder: Path, metric: str, flags: str, *rows: str) -> Any:
    """The card of a metric of which a publication has these rows of a quarter, and no others.

    rows: `category, population, value`, as SQL.
    """
    write(folder)
    with duckdb.connect(str(folder / Invented().version / "public.duckdb")) as out:
        out.execute("delete from metric_value where metric = ?", [metric])
        out.execute("update metric set unit = ? where metric = ?", [UNITS.get(metric, "share"), metric])
        for row in rows:
            out.execute(
                f"""
                insert into metric_value (metric, version, grain, period_start, period_end, status, flags,
                    persons, category, population, value)
                select '{metric}', 1, 'quarter', timestamp '2026-04-01', timestamp '2026-07-01', 'complete',
                    {flags}, 50, {row}
                """
            )
    return by_id(list(render(folder, "public", "/staff-support", "", READ_AT).main), metric.replace("_", "-"))


def drawn(tree: Any) -> list[float]:
    """Every number that a chart draws upwards."""
    figures = [node.figure for node in nodes(tree) if type(node).__name__ == "Graph"]
    return [float(y) for figure in figures for line in figure.data for y in line.y if y is not None]


RATIO = ("null, null, 7.25", "'low', null, 3.5", "'high', null, 21.5", "'areas_without_staff', null, 2")


def test_a_band_stands_in_the_place_of_the_headline(tmp_path: Path) -> None:
    one = page(tmp_path, "volunteers_per_supporting_staff", MARK, *RATIO)
    said = [text(fact) for fact in all_of(one, "Li")]
    assert said[0].startswith("3.50 to 21.5  from none to all of unknown affiliation on staff")
    assert len(said) == 2
    assert "The affiliation of many is unknown" in text(one)


def test_an_end_that_is_suppressed_is_one_all_the_same(tmp_path: Path) -> None:
    """It has lost its mark with everything else; the single value does not take its place."""
    one = page(tmp_path, "volunteers_per_supporting_staff", MARK, *RATIO)
    hide = "update metric_value set status = 'suppressed', value = null, flags = null where category = 'low'"
    with duckdb.connect(str(tmp_path / Invented().version / "public.duckdb")) as out:
        out.execute(f"{hide} and metric = 'volunteers_per_supporting_staff'")
    one = by_id(list(render(tmp_path, "public", "/staff-support", "", READ_AT).main), one.id)
    assert "suppressed to 21.5" in text(one)
    assert "7.25" not in text(one)


@pytest.mark.parametrize("flags", [MARK, OTHER])
def test_the_single_value_is_nowhere_on_the_page_when_it_is_marked(flags: str, tmp_path: Path) -> None:
    one = page(tmp_path, "volunteers_per_supporting_staff", flags, *RATIO)
    published = open_published(tmp_path, "public")
    card = next(
        card for part in topics.PAGES for one in part.sections for card in one.cards
        if card.metric == "volunteers_per_supporting_staff"
    )  # fmt: skip
    shown = cards.show(card, published, View(datetime(2026, 7, 1)))
    assert shown is not None
    told: tuple[Component | str, ...] = (one, cards.table(shown), cards.csv(shown))
    there = [("7.25" in text(part)) for part in told]
    assert there == [flags == OTHER] * 3
    assert SINGLE not in drawn(one)


@pytest.mark.parametrize(
    ("metric", "rows", "band"),
    [
        ("staff_share_of_reviews", ["'low', null, 0.1", "'high', null, 0.6"], "10\u202f% to 60\u202f%"),
        ("staff_dependency", ["'low_all', null, 0.1", "'high_all', null, 0.6"], "10\u202f% to 60\u202f%"),
        ("newcomer_staff_contact_rate", ["'staff_low', 'community', 0.1", "'staff_high', 'community', 0.6",
                                         "'volunteer_high', 'community', 0.7",
                                         "'volunteer_low', 'community', 0.2"], "20\u202f% to 70\u202f%"),
        ("volunteer_needinfo_waiting", ["null, 'volunteer_strict', 20", "null, 'community', 65"], "20 to 65"),
        ("staff_response_time_gap_h", ["null, null, 5", "'low', null, 5", "'high', null, -3"],
         "-3.0\u202fh to 5.0\u202fh"),
        ("staff_coverage_by_region", ["'regions', 'community', 0.3", "'regions_high', 'community', 0.9"],
         "30\u202f% to 90\u202f%"),
        ("staff_coverage_by_region", ["'regions', 'community', 0.3", "'regions_high', 'community', null"],
         "30\u202f% to no value in this version"),
    ],
)  # fmt: skip
def test_both_ends_of_each_number_about_staff_are_one_band(
    metric: str, rows: list[str], band: str, tmp_path: Path
) -> None:
    one = page(tmp_path / "marked", metric, MARK, *rows)
    assert band in text(one)
    assert band not in text(page(tmp_path / "other", metric, OTHER, *rows))

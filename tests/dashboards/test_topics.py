"""Pages of topic areas: each metric on its page, drawn by how it is split, nothing said twice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from dash import html

from dashboards import card as cards
from dashboards.app import render
from dashboards.card import View
from dashboards.data import Published
from dashboards.pages import topics
from dashboards.pages.topics import TOPICS, newest_of, rows_of
from pipelines.metric_shape import COLUMNS
from pipelines.settings import ROOT
from tests.dashboards.conftest import READ_AT
from tests.dashboards.published import Invented, write
from tests.dashboards.trees import all_of, by_id, text

MAY, JUNE, JULY = (datetime(2026, month, 1) for month in (5, 6, 7))


class Frame(Published):
    """A published version of one metric, from rows: what is not named is null."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        blank = dict.fromkeys(COLUMNS)
        table = [
            {
                **blank, "metric": "m", "version": 1, "grain": "month", "period_end": JUNE,
                "period_start": MAY, "status": "complete", "population": "community", **row,
            }
            for row in rows
        ]  # fmt: skip
        object.__setattr__(self, "table", pd.DataFrame(table, columns=list(COLUMNS)))

    def select(self, metric: str, grains: Any, *, until: Any = None, **dimensions: Any) -> pd.DataFrame:
        rows: pd.DataFrame = self.table  # type: ignore[attr-defined]
        if until is not None:
            rows = rows[rows["period_end"] <= until]
        if "population" not in dimensions:
            rows = rows[rows["population"].fillna("community") == "community"]
        for grain in grains:
            if (rows["grain"] == grain).any():
                return rows[rows["grain"] == grain]
        return rows.head(0)


def test_every_metric_is_on_the_page_of_its_topic() -> None:
    folders = sorted((ROOT / "dbt" / "models" / "metrics").glob("*/"))
    there = {
        folder.name: {path.stem.removeprefix("met_") for path in folder.glob("met_*.yml")}
        for folder in folders
    }
    assert {topic: set(metrics) for topic, (_, _, metrics) in TOPICS.items()} == there


def test_tables_of_many_columns_have_the_whole_width() -> None:
    cards = {card.metric: card for page in topics.PAGES for part in page.sections for card in part.cards}
    assert set(cards) >= topics.WIDE
    assert cards["demographic_share"].width == "full"
    assert cards["survey_response_rate"].width == "half"


def test_a_metric_is_shown_split_as_little_as_it_allows() -> None:
    published = Frame(
        [{"value": 9}, {"value": 5, "area": "code"}, {"value": 2, "area": "code", "locale": "de"}]
    )
    assert rows_of("m")(published, View(JUNE))["value"].tolist() == [9]
    split = Frame([{"value": 5, "area": "code"}, {"value": 2, "area": "code", "locale": "de"}])
    assert rows_of("m")(split, View(JUNE))["value"].tolist() == [5]


def test_the_chosen_region_is_shown_where_there_is_one() -> None:
    published = Frame([{"value": 9}, {"value": 5, "region": "155"}, {"value": 4, "region": "039"}])
    assert rows_of("m")(published, View(JUNE, region="155"))["value"].tolist() == [5]
    assert rows_of("m")(published, View(JUNE, region="034"))["value"].tolist() == [9]


def test_the_chosen_region_is_shown_of_a_metric_that_is_always_split() -> None:
    rows = [{"value": 9, "area": "code"}, {"value": 5, "area": "code", "region": "155"}]
    assert rows_of("m")(Frame(rows), View(JUNE, region="155"))["value"].tolist() == [5]
    assert rows_of("m")(Frame(rows), View(JUNE))["value"].tolist() == [9]


def test_region_and_area_are_followed_together_where_there_are_rows_of_both() -> None:
    rows = [{"value": 9}, {"value": 5, "region": "155"}, {"value": 4, "area": "code"}]
    both = [*rows, {"value": 2, "region": "155", "area": "code"}]
    chosen = View(JUNE, region="155", area="code")
    assert rows_of("m")(Frame(both), chosen)["value"].tolist() == [2]
    assert rows_of("m")(Frame(rows), chosen)["value"].tolist() == [5]


def test_every_card_says_whether_it_follows_the_region_and_the_area(published: Path) -> None:
    def said(key: str, search: str) -> str:
        main = render(published, "public", "/regional-identity", search, READ_AT).main
        return text(all_of(by_id(main, key), "P")[0])

    assert "Western Europe" in said("active-contributors-by-region", "?region=155")
    assert "all regions: not kept by region" in said("region-coverage", "?region=155")
    assert "all areas: not kept by area" in said("region-absence-factor", "?area=support")
    assert "all regions" not in said("region-coverage", "")


def test_a_metric_of_staff_alone_is_shown_too() -> None:
    published = Frame([{"value": 3, "population": "staff"}])
    assert rows_of("m")(published, View(JUNE))["value"].tolist() == [3]


def test_what_has_no_month_is_shown_whatever_month_is_chosen() -> None:
    published = Frame([{"value": 1, "grain": "wave", "period_end": JULY}, {"value": 2, "grain": "wave"}])
    assert rows_of("m")(published, View(MAY))["value"].tolist() == [1, 2]


def test_an_older_value_is_not_shown_for_the_newest_period() -> None:
    rows = Frame(
        [
            {"value": 20, "locale": "pt-BR", "period_end": MAY},
            {"value": None, "locale": "pt-BR", "status": "suppressed"},
            {"value": 0, "locale": "ja", "period_end": MAY},
            {"value": 9, "locale": "de"},
        ]
    ).select("m", ("month",))
    found = newest_of(rows)
    assert list(zip(found["locale"], found["status"], strict=True)) == [
        ("pt-BR", "suppressed"),
        ("de", "complete"),
    ]


def test_what_is_known_later_has_a_newest_period_of_its_own() -> None:
    rows = Frame(
        [
            {"value": 0.5, "category": "30_60d"},
            {"value": 0.6, "category": "30_60d", "period_end": MAY},
            {"value": 0.7, "category": "90_180d", "period_end": MAY},
        ]
    ).select("m", ("month",))
    assert newest_of(rows)["value"].tolist() == [0.5, 0.7]


def test_a_survey_card_shows_the_newest_wave() -> None:
    waves = [("2025-10", MAY, 80), ("2026-04", JUNE, 40)]
    rows = [
        {
            "value": 0.5,
            "grain": "wave",
            "wave": wave,
            "period_end": end,
            "persons": people,
            "attribute_value": told,
        }
        for wave, end, people in waves
        for told in ("man", "woman")
    ]
    assert set(newest_of(Frame(rows).select("m", ("wave",)))["wave"]) == {"2026-04"}


def changed(folder: Path, path: str, *statements: str) -> list[Any]:
    """The page at a path after changes to the table of a publication of its own."""
    write(folder)
    with duckdb.connect(str(folder / Invented().version / "public.duckdb")) as out:
        for statement in statements:
            out.execute(statement)
    return list(render(folder, "public", path, "", READ_AT).main)


def test_a_table_of_one_wave_says_its_period_once(tmp_path: Path) -> None:
    waves = [("2025-10", "2025-10-29"), ("2026-04", "2026-04-29")]
    row = "'demographic_share', 1, 'wave', 'gender', 'community', 0.5, 'complete'"
    main = changed(
        tmp_path,
        "/diversity-inclusion",
        "delete from metric_value where metric = 'demographic_share'",
        *(
            "insert into metric_value (metric, version, grain, attribute, population, value, status, wave, "
            "period_start, period_end, attribute_value) "
            f"select {row}, '{wave}', timestamp '{end}' - interval 28 day, timestamp '{end}', told "
            "from (select unnest(['man', 'woman']) as told)"
            for wave, end in waves
        ),
    )
    one = by_id(main, "demographic-share")
    assert [text(cell) for cell in all_of(all_of(one, "Thead")[0], "Th")] == ["Group", "Value"]
    assert "1 April 2026 to 28 April 2026" in text(one)
    assert "2025" not in text(all_of(one, "Table")[0])


def test_a_headline_is_suppressed_where_the_newest_period_is(tmp_path: Path) -> None:
    main = changed(
        tmp_path,
        "/leadership",
        "update metric_value set value = null, status = 'suppressed' where metric = 'active_leaders' "
        "and period_end = '2026-07-01'",
    )
    said = [text(each) for each in all_of(by_id(main, "active-leaders"), "P")]
    assert said[1:3] == ["suppressed (fewer than 10 people)", "June 2026"]


def test_a_card_says_whether_its_change_on_a_quarter_before_is_evident(tmp_path: Path) -> None:
    main = changed(
        tmp_path,
        "/activity",
        "update metric_value set value = 0.12, ci_low = 0.08, ci_high = 0.17 "
        "where metric = 'multi_area_share' and period_end = '2026-04-01'",
    )
    other = by_id(list(render(tmp_path, "public", "/leadership", "", READ_AT).main), "leaders-per-100-active")
    said = [
        text(all_of(card, "Ul")[0]).replace("\u202f", " ")
        for card in (by_id(main, "multi-area-share"), other)
    ]
    assert said == [
        "+50 percentage points  on March 2026 (12 %) , evident",
        "no change  from March 2026 (62 %) , no evident difference",
    ]


def test_categories_are_judged_together_each_beside_its_own_past(tmp_path: Path) -> None:
    main = changed(
        tmp_path,
        "/",
        "update metric_value set value = 0.12, ci_low = 0.08, ci_high = 0.17 "
        "where metric = 'support_response_rate' and category = '24h' and period_end = '2026-04-01'",
    )
    soon, later = all_of(all_of(by_id(main, "response-rate"), "Ul")[0], "Li")
    assert text(soon).endswith(", evident")
    assert text(later).endswith(", no evident difference")


def test_what_a_number_cannot_be_compared_with_says_why(tmp_path: Path) -> None:
    main = changed(
        tmp_path,
        "/",
        "update metric_value set value = null, status = 'unavailable', flags = 'history_missing' "
        "where metric = 'active_contributors' and area is null and grain = 'month' "
        "and period_end = '2026-06-01'",
    )
    assert "May 2026: not available, what lies further back is not loaded" in text(by_id(main, "active"))


def test_a_threshold_is_the_one_that_the_version_declares(tmp_path: Path) -> None:
    floor = (
        "update metric set parameters = '{\"region_coverage_floor\": 0.99}' where metric = 'region_coverage'"
    )
    assert "no map is drawn" in text(changed(tmp_path / "strict", "/regions", floor))
    assert "no map is drawn" not in text(changed(tmp_path / "usual", "/regions"))


def test_rows_that_are_suppressed_are_counted_in_one_line(tmp_path: Path) -> None:
    hide = "update metric_value set value = null, ci_low = null, ci_high = null, status = 'suppressed' where "
    main = changed(
        tmp_path,
        "/regional-identity",
        f"{hide} metric = 'active_contributors_by_locale' and locale != 'de'",
        f"{hide} metric = 'active_contributors_by_region'",
    )
    some, none = by_id(main, "active-contributors-by-locale"), by_id(main, "active-contributors-by-region")
    assert len(all_of(some, "Tr")) < 5
    assert " more suppressed (fewer than 10 people)" in text(some)
    assert not all_of(none, "Tr")
    assert "All 11 suppressed (fewer than 10 people)" in text(none)


def test_what_has_no_number_is_named_by_reason_and_the_last_number_is_told(tmp_path: Path) -> None:
    gone = "value = null, ci_low = null, ci_high = null, status"
    months = "metric = 'active_contributors_by_locale' and period_end"
    main = changed(
        tmp_path,
        "/regional-identity",
        "delete from metric_value where metric = 'active_contributors_by_locale' and area = 'support'",
        f"update metric_value set {gone} = 'unavailable', flags = 'no_forum' where {months} = '2026-07-01' "
        "and locale in ('ja', 'bn', 'sw', 'et', 'lb')",
        f"update metric_value set {gone} = 'suppressed' where metric = 'region_coverage' "
        "and period_end > '2026-05-01'",
    )
    locales, coverage = (
        text(by_id(main, key)) for key in ("active-contributors-by-locale", "region-coverage")
    )
    assert "5 more not available, " in locales
    assert ": bn, et, ja, lb, sw" in locales
    assert "Last shown, April 2026: 64" in coverage


def test_points_of_a_curve_stand_in_the_order_of_time_wherever_they_are_told(tmp_path: Path) -> None:
    points = ("s_90d", "s_730d", "s_30d", "s_180d")
    main = changed(
        tmp_path,
        "/journey",
        *(
            f"insert into metric_value select * replace ('{point}' as category) from metric_value "
            "where metric = 'contributor_survival' and category is null"
            for point in points
        ),
    )
    one = by_id(main, "contributor-survival")
    told = [f"share after {days} days" for days in (30, 90, 180, 730)]
    facts, legend = all_of(one, "Ul")
    assert [text(item.children[1]).strip() for item in all_of(facts, "Li")] == ["median", *told]
    assert [text(item).strip() for item in all_of(legend, "Li")] == told
    assert [line.name for line in all_of(one, "Graph")[0].figure.data] == told


def test_levels_stand_by_meaning_and_places_by_people(tmp_path: Path) -> None:
    levels, regions = ("core", "inactive", "casual", "regular"), ("021", "unknown", "034", "005")
    main = changed(
        tmp_path,
        "/activity",
        *(
            f"insert into metric_value select * replace ('{level}' as level, {people} as persons) from "
            "metric_value where metric = 'activity_level_distribution' and level is null"
            for people, level in enumerate(levels, 20)
        ),
        "delete from metric_value where metric = 'activity_level_distribution' and level is null",
        *(
            f"insert into metric_value select * replace ('{region}' as region, {people} as persons) from "
            "metric_value where metric = 'multi_area_share' and region is null"
            for people, region in enumerate(regions, 20)
        ),
        "delete from metric_value where metric = 'multi_area_share' and region is null",
    )

    def first_cells(key: str) -> list[str]:
        return [text(row.children[0]) for row in all_of(all_of(by_id(main, key), "Tbody")[0], "Tr")]

    assert first_cells("activity-level-distribution") == ["core", "regular", "casual", "inactive"]
    assert first_cells("multi-area-share") == [
        "South America", "Southern Asia", "Northern America", "Region not known",
    ]  # fmt: skip


def test_a_value_with_probable_links_is_small_print_beside_the_figure(tmp_path: Path) -> None:
    main = changed(
        tmp_path,
        "/regional-identity",
        "update metric_value set value_with_probable = 55 where metric = 'active_contributors_by_region' "
        "and region = 'unknown'",
    )
    one = by_id(main, "active-contributors-by-region")
    assert "If probable links hold" not in [text(cell) for cell in all_of(one, "Th")]
    small = [text(note) for note in all_of(one, "Small")]
    assert small == ["if probable links hold: 55"]
    assert "is not the figure: it joins accounts" in text(one)


def test_a_team_score_of_zero_says_which_thresholds_nobody_reached(tmp_path: Path) -> None:
    asked = '{"team_health_thresholds": {"manager": 500, "translator": 400, "new_person": 100}}'
    declared = f"update metric set parameters = '{asked}' where metric = 'locale_team_health'"
    set_to = "update metric_value set value = {} where metric = 'locale_team_health'"

    def said(folder: str, value: str) -> str:
        main = changed(tmp_path / folder, "/regional-identity", declared, set_to.format(value))
        return text(by_id(main, "locale-team-health"))

    zero = said("zero", "0")
    assert "A score of 0 is measured, not missing" in zero
    assert "more than 500 approved translations and reviews for a manager" in zero
    assert "100 approved ones for somebody new" in zero
    assert "is measured, not missing" not in said("forty", "40")


def test_where_parts_have_lone_points_the_whole_is_drawn(tmp_path: Path) -> None:
    main = changed(
        tmp_path,
        "/activity",
        *(
            f"insert into metric_value select * replace ('{part}' as category) from metric_value "
            "where metric = 'contributor_net_flow' and category is null and period_end = '2026-07-01'"
            for part in ("arrived", "departed")
        ),
    )
    (graph,) = all_of(by_id(main, "contributor-net-flow"), "Graph")
    assert len(graph.figure.data[-1].x) == 36


def test_lone_points_are_told_and_not_drawn() -> None:
    lone = pd.DataFrame(
        {"category": ["a", "b"], "value": [1.0, 2.0], "period_end": [MAY, JUNE], "grain": "month"}
    )
    assert not topics.moves(lone)
    assert topics.moves(lone.assign(category="a"))


def test_of_days_that_mostly_have_no_number_no_course_is_drawn() -> None:
    days = pd.DataFrame({"category": None, "value": [1.0, None, 2.0, None, None], "grain": "day"})
    days["period_end"] = pd.date_range("2026-05-02", periods=5)
    assert not topics.moves(days)
    assert topics.moves(days.assign(grain="month"))
    assert topics.moves(days.assign(value=[1.0, None, 2.0, None, 3.0]))


def test_values_of_one_month_stand_each_at_its_own_day(tmp_path: Path) -> None:
    weeks = [
        "insert into metric_value select * replace ('week' as grain,"
        f" timestamp '2026-06-01' + interval {n} week as period_start,"
        f" timestamp '2026-06-08' + interval {n} week as period_end)"
        " from metric_value where metric = 'sumo_weekly_retention_compat' and period_end = '2026-07-01'"
        " and grain = 'month'"
        for n in range(3)
    ]
    only = "delete from metric_value where metric = 'sumo_weekly_retention_compat' and grain = 'month'"
    one = by_id(changed(tmp_path, "/activity", *weeks, only), "sumo-weekly-retention-compat")
    (graph,) = all_of(one, "Graph")
    line = graph.figure.data[-1]
    assert [f"{at:%d}" for at in pd.to_datetime(line.x)] == ["01", "08", "15"]
    assert line.customdata[1].startswith("8 June 2026: ")
    assert "the week from 15 June 2026" in text(one)


def test_a_mark_of_all_rows_is_not_repeated_in_each() -> None:
    rows = pd.DataFrame({"flags": ["evident, x", "x", None], "value": [1.0, 2.0, None]})
    assert topics.own_marks(rows) == ["evident", "", ""]


def test_a_rank_is_a_range_unless_it_is_certain() -> None:
    assert topics._rank({"rank_best": 2, "rank_worst": 5}) == "2 to 5"
    assert topics._rank({"rank_best": 1, "rank_worst": 1}) == "1"
    assert topics._rank({"rank_best": None, "rank_worst": None}) == ""


def test_a_mark_that_stands_beside_its_row_is_not_said_again_below(tmp_path: Path) -> None:
    goals = [
        f"insert into metric_value select * replace ('goal' as grain, '{goal}' as goal, '{mark}' as flags)"
        " from metric_value where metric = 'goal_attainment' and period_end = '2026-07-01'"
        " and grain = 'month'"
        for goal, mark in (("one", "met"), ("two", "behind"))
    ]
    only = "delete from metric_value where metric = 'goal_attainment' and grain = 'month'"
    said = text(by_id(changed(tmp_path, "/accountability", *goals, only), "goal-attainment"))
    assert said.count("met: the target is reached") == said.count("behind: less than half") == 1


def test_a_cell_of_several_parts_stands_beside_its_name_as_one_on_a_phone() -> None:
    table = cards.plain_table(["a", "b"], [["x", ["40", html.Small("if probable links hold: 30")]]], "Said.")
    (cell,) = all_of(table, "Td")
    assert text(cell.children).split() == ["40", "if", "probable", "links", "hold:", "30"]
    assert type(cell.children).__name__ == "Div"

"""What the pages say, from the address to the cards: labels, states, notices, downloads."""

from __future__ import annotations

import gzip
import io
import socket
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from dashboards.app import (
    SCRIPTS,
    SCRIPTS_KEPT,
    create_app,
    next_search,
    opened_table,
    render,
    serve,
    server_of,
)
from dashboards.pages import PAGES
from tests.dashboards.conftest import READ_AT
from tests.dashboards.published import Invented, write
from tests.dashboards.trees import all_of, by_id, nodes, text


def page(folder: Path, path: str = "/", search: str = "", audience: str = "public") -> Any:
    return render(folder, audience, path, search, READ_AT)


def card(folder: Path, key: str, path: str = "/", search: str = "", audience: str = "public") -> Any:
    return by_id(page(folder, path, search, audience).main, key)


def every_card() -> list[tuple[str, str, str]]:
    found = []
    for path, each in PAGES.items():
        for section in each.sections:
            for one in section.cards:
                search = "?region=155" if one.key in ("region-active", "countries") else ""
                found.append((path, search, one.key))
    return found


# --- Every card -------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "search", "key"), every_card())
def test_every_card_has_question_definition_unit_origin_and_download(
    published: Path, path: str, search: str, key: str
) -> None:
    one = card(published, key, path, search)
    question = all_of(one, "H3")[0]
    assert text(question).endswith("?")
    assert getattr(one, "aria-labelledby") == question.id
    said = text(one)
    for word in ("Unit", "Metric", "Sources", "Run", "Published", "run-0042", "public.duckdb"):
        assert word in said
    assert [link for link in all_of(one, "A") if str(link.href).startswith("/download/")]


@pytest.mark.parametrize(("path", "search", "key"), every_card())
def test_every_download_is_the_rows_with_status_and_flags(
    published: Path, path: str, search: str, key: str
) -> None:
    one = card(published, key, path, search)
    href = next(link.href for link in all_of(one, "A") if str(link.href).startswith("/download/"))
    answer = create_app(published).server.test_client().get(href)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/csv")
    rows = pd.read_csv(io.StringIO(answer.text))
    assert len(rows) > 0
    assert {"metric", "unit", "period_start", "value", "status", "flags", "published_version"} <= set(rows)
    assert rows.loc[rows["status"] == "suppressed", "value"].isna().all()


@pytest.mark.parametrize("path", PAGES)
def test_headings_descend_without_a_gap(published: Path, path: str) -> None:
    levels = [int(type(node).__name__[1]) for node in nodes(page(published, path).main)
              if type(node).__name__ in ("H1", "H2", "H3", "H4")]  # fmt: skip
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", PAGES)
def test_every_chart_says_what_it_shows_to_those_who_cannot_see_it(published: Path, path: str) -> None:
    frames = [
        node for node in all_of(page(published, path).main, "Div") if getattr(node, "role", "") == "img"
    ]
    assert len(frames) == len(all_of(page(published, path).main, "Graph"))
    assert all(len(getattr(frame, "aria-label")) > 20 for frame in frames)


def test_the_origin_names_the_command_that_goes_on_from_there(published: Path) -> None:
    def command(key: str, path: str, search: str = "") -> str:
        return text(all_of(card(published, key, path, search), "Code")[0])

    assert command("active", "/") == "mdm explain active_contributors --period 2026-06"
    one = command("active-contributors-by-region", "/regional-identity", "?region=155&month=2026-05")
    assert one == "mdm explain active_contributors_by_region --period 2026-05 --region 155"


def emptied(folder: Path, *metrics: str, status: str = "suppressed", only: str = "true") -> Any:
    """The overview after these metrics have lost their values in the months that `only` picks."""
    write(folder)
    blank = ", ".join(f"{name} = null" for name in ("value", "ci_low", "ci_high", "value_with_probable"))
    with duckdb.connect(str(folder / Invented().version / "public.duckdb")) as out:
        for metric in metrics:
            out.execute(
                f"update metric_value set {blank}, status = '{status}' where metric = '{metric}' and {only}"
            )
    return page(folder).main


def test_cards_without_a_number_are_folded_behind_a_line_that_names_them_and_says_why(tmp_path: Path) -> None:
    main = emptied(tmp_path, "new_contributors", "support_time_to_first_response_h")
    folded = [each for each in all_of(main, "Details") if each.className == "folded"]
    said = [text(all_of(each, "Summary")[0]) for each in folded]
    assert said == [
        "No number to show for 1 of 3 questions.  Suppressed (fewer than 10 people): New contributors.",
        "No number to show for 1 of 3 questions.  Suppressed (fewer than 10 people): Time to first response.",
    ]
    assert [one.id for one in all_of(folded[0], "Article")] == ["new"]
    assert "Definition" in text(folded[0])
    open_cards = all_of(main, "Section")[1].children[1]
    assert [one.id for one in all_of(open_cards, "Article")] == ["active", "returning"]


def test_no_row_of_cards_is_left_half_empty(tmp_path: Path) -> None:
    columns = {"card card-third": 2, "card card-half": 3, "card card-full": 6}
    emptied(tmp_path, "new_contributors", "support_time_to_first_response_h", "region_coverage", "parity_gap")
    for path in PAGES:
        for grid in all_of(page(tmp_path, path).main, "Div"):
            if getattr(grid, "className", "") != "cards":
                continue
            taken = 0
            for one in grid.children:
                wide = columns[one.className]
                assert taken % 6 + wide <= 6, (path, one.id)
                taken += wide
            assert taken % 6 == 0, (path, one.id)


def test_a_card_that_has_a_number_of_another_month_is_not_folded(tmp_path: Path) -> None:
    main = emptied(tmp_path, "new_contributors", only="period_end = '2026-07-01'")
    assert not [each for each in all_of(main, "Details") if each.className == "folded"]


# --- Overview ---------------------------------------------------------------------------------


def test_the_headline_is_the_published_value_beside_what_it_is_compared_with(published: Path) -> None:
    said = text(card(published, "active"))
    rows = _download(published, "/download/overview/active.csv").set_index(["grain", "period_end"])["value"]
    now, before = rows["month", "2026-07-01T00:00:00Z"], rows["month", "2026-06-01T00:00:00Z"]
    difference = f"{now - before:+,.0f}".replace("-", "\u2212")
    assert f"{now:,.0f} {difference}  on May 2026 ({before:,.0f})" in said
    assert "90 days to 30 June 2026" in said
    assert "provisional" in said


def test_the_headline_says_what_it_is_if_probable_links_hold(published: Path) -> None:
    rows = _download(published, "/download/overview/active.csv").set_index(["grain", "period_end"])
    joined = rows.loc[("month", "2026-07-01T00:00:00Z"), "value_with_probable"]
    assert f"If probable links hold: {joined:,.0f}." in text(card(published, "active"))
    assert "That is not the figure: it joins accounts that nobody has confirmed" in text(
        card(published, "active")
    )
    assert "If probable links hold" not in text(card(published, "response-rate"))


def test_the_public_is_told_how_far_rounding_goes_and_insiders_are_not(published: Path) -> None:
    assert "known to within 5" in text(card(published, "active"))
    assert "known to within 5" not in text(card(published, "active", audience="internal"))


def test_shares_come_with_their_interval(published: Path) -> None:
    assert "95\u202f% interval" in text(card(published, "response-rate"))


def test_kinds_of_contribution_are_never_added_up(published: Path) -> None:
    rows = _download(published, "/download/overview/contributions.csv?month=2025-03")
    acts = rows[rows["metric"] == "contributions"]
    assert acts["area"].notna().all()
    assert acts["event_type"].notna().all()
    said = text(card(published, "contributions", search="?month=2025-03"))
    assert f"{acts['value'].sum():,.0f}" not in said
    assert "active people" in said


def test_people_who_are_suppressed_are_not_said_to_have_no_value(tmp_path: Path) -> None:
    write(tmp_path, Invented(months=2))
    with duckdb.connect(str(tmp_path / Invented().version / "public.duckdb")) as out:
        out.execute(
            "update metric_value set value = null, status = 'suppressed' "
            "where metric = 'active_contributors' and area = 'code'"
        )
    said = text(card(tmp_path, "contributions"))
    assert "people: suppressed (fewer than 10 people)" in said
    assert "people: no value" not in said


def test_the_notice_says_the_confirmed_number_before_the_probable_one(published: Path) -> None:
    rows = _download(published, "/download/overview/active.csv").set_index(["grain", "period_end"])
    now = rows.loc[("month", "2026-07-01T00:00:00Z")]
    notice = next(
        said for item in all_of(page(published).main, "Li") if "more than once" in (said := text(item))
    )
    assert notice.index(f"{now['value']:,.0f} people") < notice.index(f"{now['value_with_probable']:,.0f};")


def test_nothing_is_compared_with_the_first_month_that_could_be_measured(published: Path) -> None:
    first, next_year = "?month=2025-07", "?month=2025-08"
    assert "July 2024" not in text(all_of(card(published, "new", search=first), "Ul"))
    assert "August 2024" in text(all_of(card(published, "new", search=next_year), "Ul"))
    assert "July 2024" in text(all_of(card(published, "active", search=first), "Ul"))


def test_a_closed_archive_is_not_late(published: Path) -> None:
    assert "archive until 31 October 2020" in text(card(published, "freshness"))


def test_the_overview_says_first_how_old_and_how_complete_each_source_is_now(published: Path) -> None:
    def told(days: int) -> list[str]:
        main = render(published, "public", "/", "", READ_AT + timedelta(days=days)).main
        group = next(each for each in all_of(main, "Div") if getattr(each, "className", "") == "fresh")
        assert text(main).index("How fresh the data are") < text(main).index("How many people contribute?")
        return [text(item) for item in all_of(group, "Li")]

    assert told(0) == [
        "Bugzilla  6 hours old, 100\u202f% stored",
        "Pontoon  3 days old",
        "Mozilla Reps  archive until 31 October 2020",
        "SUMO  5 hours old, 98\u202f% of questions stored",
    ]
    assert told(20)[0].startswith("Bugzilla  20 days old")


def test_the_age_of_a_source_is_told_as_of_now_beside_that_of_publication(published: Path) -> None:
    late = render(published, "public", "/", "", READ_AT + timedelta(days=20)).main
    rows = [[text(cell) for cell in row.children] for row in all_of(by_id(late, "freshness"), "Tr")]
    assert rows[0][1:5] == ["Complete up to", "Age now", "Age when published", "Stored of what it counts"]
    bugzilla = next(row for row in rows if row[0] == "Bugzilla")
    assert bugzilla[2:5] == ["20 days", "3 hours", "100\u202f%"]
    subject = text(all_of(by_id(late, "freshness"), "P")[0])
    assert "at 2 July 2026, 03:10 UTC" in subject
    assert next(row for row in rows if row[0] == "Pontoon")[4] == "no count to check against"


def test_streams_without_a_count_are_one_line_a_source(published: Path) -> None:
    one = card(published, "completeness")
    assert len(all_of(all_of(one, "Tbody")[0], "Tr")) == 4
    assert "Pontoon, actions: the source offers no count to check against." in text(one)


def test_a_source_without_a_count_is_said_to_be_unverifiable(published: Path) -> None:
    assert "offers no count to check against" in text(card(published, "completeness"))


def test_kinds_without_a_number_are_one_line_for_each_area(published: Path) -> None:
    rows = [text(row) for row in all_of(all_of(card(published, "contributions"), "Tbody")[0], "Tr")]
    mobilizing = [row for row in rows if "Activity reports" in row or "Events organised" in row]
    assert [row.split("people: not available ")[1] for row in mobilizing] == [
        "Events organised, Activity reports: not available"
    ]
    assert sum("Bugs filed" in row for row in rows) == 1


# --- Notices ----------------------------------------------------------------------------------


def test_what_is_refused_missing_or_provisional_is_said_first(published: Path) -> None:
    main = page(published).main
    said = text(main)
    notices = [text(item) for item in all_of(all_of(main, "Section")[0], "Li")]
    assert any(
        "Pontoon: the last answer was refused." in notice and "empty page" in notice for notice in notices
    )
    assert any("SUMO, questions: 98\u202f% stored" in notice for notice in notices)
    assert any("June 2026 is provisional." in notice for notice in notices)
    assert any("counted more than once." in notice and "If probable links" in notice for notice in notices)
    assert said.index("refused") < said.index("How many people contribute?")


def test_warnings_stand_before_notes(published: Path) -> None:
    kinds = [item.className for item in all_of(all_of(page(published).main, "Section")[0], "Li")]
    assert kinds == sorted(kinds, reverse=True)


def test_an_archive_says_when_it_ended(published: Path) -> None:
    assert "Its series end on 31 October 2020." in text(page(published).main)


def test_an_archive_that_was_read_past_its_end_says_how_far_it_was_read(tmp_path: Path) -> None:
    write(tmp_path, Invented(archive_read=datetime(2026, 7, 1, 12), months=2))
    main = page(tmp_path).main
    assert "It is read once, and was read up to 1 July 2026, 12:00 UTC." in text(main)
    assert "31 October 2020" not in text(main)
    assert "archive, read once" in text(by_id(main, "freshness"))


def test_an_old_publication_says_its_age(published: Path) -> None:
    late = render(published, "public", "/", "", READ_AT + timedelta(days=3))
    assert "Published 3 days ago." in text(late.main)
    assert "Published" not in text(all_of(page(published).main, "Section")[0])


def test_data_that_end_long_before_they_are_read_are_said_to_be_old(published: Path) -> None:
    def said(days: int) -> str:
        return text(
            all_of(render(published, "public", "/", "", READ_AT + timedelta(days=days)).main, "Section")[0]
        )

    assert "The data end on" not in said(13)
    assert "The data end on 2 July 2026, 20 days ago." in said(20)


def test_a_month_that_is_closed_and_complete_is_not_called_provisional(published: Path) -> None:
    assert "is provisional" not in text(page(published, search="?month=2026-03").main)


# --- Regions ----------------------------------------------------------------------------------


def test_places_without_a_number_are_one_line_below_the_table_of_places(published: Path) -> None:
    one = card(published, "map", "/regions")
    body = [text(row) for row in all_of(one, "Tr")[1:]]
    assert len(body) > 5
    assert not [row for row in body if "suppressed" in row or "Western Asia" in row]
    (line,) = [each for each in all_of(one, "P") if getattr(each, "className", "") == "sure"]
    said = "".join(str(node) for node in nodes(line) if isinstance(node, str))
    assert said == "2 suppressed (fewer than 10 people): Australia and New Zealand, Western Asia."
    assert [link.href for link in all_of(line, "Link")] == [
        "/regions?region=053&month=2026-06", "/regions?region=145&month=2026-06",
    ]  # fmt: skip


def test_small_groups_are_suppressed_and_never_zero(published: Path) -> None:
    one = card(published, "map", "/regions")
    (small,) = [text(each) for each in all_of(one, "P") if "Western Asia" in text(each)]
    assert "suppressed (fewer than 10 people)" in small
    assert " 0 " not in f" {small} "
    assert not [row for row in all_of(one, "Tr") if "Western Asia" in text(row)]


def test_people_of_unknown_region_are_a_row_of_their_own(published: Path) -> None:
    rows = [text(row) for row in all_of(card(published, "map", "/regions"), "Tr")]
    assert "Region not known" in rows[-1]


def test_the_map_is_drawn_while_most_regions_are_known(published: Path) -> None:
    drawn = by_id(page(published, "/regions").main, {"card": "map", "graph": "map"})
    assert drawn.config["topojsonURL"] == "/assets/topojson/"


def test_no_map_is_drawn_while_most_regions_are_not_known(half_known: Path) -> None:
    main = page(half_known, "/regions").main
    assert not [graph for graph in all_of(main, "Graph") if graph.id["graph"] == "map"]
    said = text(main)
    assert "No map is drawn." in said
    assert "only 38\u202f% of the active people have declared a country" in said
    assert "of those with a known region" in said


def test_where_no_map_is_drawn_the_areas_that_have_one_are_named_as_links(half_known: Path) -> None:
    links = {text(link): link.href for link in all_of(card(half_known, "map", "/regions"), "Link")}
    assert [name for name in links if name.startswith("see the map")] == ["see the map of Support"]
    assert links["see the map of Support"] == "/regions?area=support&month=2026-06"
    assert "In Support 78\u202f% are known" in text(card(half_known, "map", "/regions"))
    inside = card(half_known, "map", "/regions", "?area=support")
    assert [graph.id["graph"] for graph in all_of(inside, "Graph")] == ["map"]
    assert "no map is drawn" not in text(page(half_known, "/regions", "?area=support").main).lower()


def test_an_area_of_unknown_regions_has_no_map_even_where_most_regions_are_known(published: Path) -> None:
    said = text(page(published, "/regions", "?area=quality").main)
    assert "Only 0\u202f% of the active people in Quality have a known region." in said
    assert "No map is drawn." in said


@pytest.mark.parametrize(
    ("key", "region"),
    [("region-total", ""), ("coverage", ""), ("map", ""), ("regions-over-time", ""),
     ("region-active", "155"), ("countries", "155")],
)  # fmt: skip
def test_figures_by_region_follow_the_area(published: Path, key: str, region: str) -> None:
    search = f"?region={region}&area=support"
    one = card(published, key, "/regions", search)
    assert "Support" in text(all_of(one, "P")[0])
    href = next(link.href for link in all_of(one, "A") if str(link.href).startswith("/download/"))
    assert set(_download(published, href)["area"]) == {"support"}


@pytest.mark.parametrize("key", ["locales", "events"])
def test_languages_and_events_do_not_follow_the_area(published: Path, key: str) -> None:
    everywhere, inside = (
        [graph.figure for graph in all_of(card(published, key, "/regions", search), "Graph")]
        for search in ("", "?area=support")
    )
    assert inside == everywhere


def test_areas_on_offer_are_those_with_people_by_region(published: Path) -> None:
    offered = by_id(page(published, "/regions").main, {"control": "area"})
    assert [each["label"] for each in offered.options] == ["All areas", "Quality", "Support"]


def test_an_area_that_is_not_there_gives_all_of_them_and_says_so(published: Path) -> None:
    found = page(published, "/regions", "?area=mobilizing")
    assert "There is no such area." in text(found.main)
    assert found.controls["area"] == ""


def test_the_area_stays_while_a_region_is_chosen_and_ends_on_other_pages(published: Path) -> None:
    found = page(published, "/regions", "?area=support")
    links = {text(link): link.href for link in all_of(card(published, "map", "/regions", "?area=support"),
                                                      "Link")}  # fmt: skip
    assert "area=support" in links["Western Europe"]
    overview = next(link.href for link in all_of(found.nav, "Link") if text(link) == "Overview")
    assert "area" not in overview
    assert next_search("?area=support", {}, {}, "034") == "?area=support&region=034"


def test_no_map_is_drawn_when_the_coverage_itself_is_not_published(tmp_path: Path) -> None:
    write(tmp_path, Invented(drop_metrics=("region_coverage",)))
    said = text(page(tmp_path, "/regions").main)
    assert "No map is drawn." in said
    assert "This version does not hold this metric." in said


def test_a_region_leads_to_its_countries_and_back(published: Path) -> None:
    links = {text(link): link.href for link in all_of(card(published, "map", "/regions"), "Link")}
    href = links["Western Europe"]
    assert "region=155" in href
    assert "month=2026-06" in href
    inside = page(published, "/regions", href.split("?")[1])
    assert {"Germany", "France"} <= {text(cell) for cell in all_of(by_id(inside.main, "countries"), "Th")}
    assert "India" not in text(by_id(inside.main, "countries"))
    assert inside.title.startswith("Western Europe")
    back = next(link.href for link in all_of(inside.main, "Link") if text(link) == "All regions")
    assert "region" not in back.split("?")[1]


def test_the_chosen_region_is_always_among_the_lines(published: Path) -> None:
    chart = next(
        graph for graph in all_of(card(published, "regions-over-time", "/regions", "?region=053"), "Graph")
    )
    assert chart.figure.data[0].name == "Australia and New Zealand"


def test_locales_do_not_follow_the_region(published: Path) -> None:
    everywhere = [graph.figure for graph in all_of(card(published, "locales", "/regions"), "Graph")]
    inside = card(published, "locales", "/regions", "?region=155")
    assert [graph.figure for graph in all_of(inside, "Graph")] == everywhere


# --- Addresses --------------------------------------------------------------------------------


def test_an_address_says_page_region_area_and_month(published: Path) -> None:
    found = page(published, "/regions", "?region=034&area=support&month=2025-11")
    assert found.controls == {"region": "034", "area": "support", "month": "2025-11"}
    assert "Support, November 2025" in text(found.main)


@pytest.mark.parametrize("search", ["?month=1999-01", "?month=nonsense"])
def test_a_month_that_is_not_there_gives_the_last_one_and_says_so(published: Path, search: str) -> None:
    found = page(published, search=search)
    assert "There is no such month." in text(found.main)
    assert found.controls["month"] == "2026-06"


@pytest.mark.parametrize("region", ["999", "DE", "%27%20or%201%3D1"])
def test_a_region_that_is_not_there_gives_all_of_them_and_says_so(published: Path, region: str) -> None:
    found = page(published, "/regions", f"?region={region}")
    assert "There is no such region." in text(found.main)


def test_an_unknown_page_says_so(published: Path) -> None:
    assert "There is no such page." in text(page(published, "/nowhere").main)


def test_drawing_a_page_does_not_change_its_address() -> None:
    drawn = {"region": "", "month": "2026-06"}
    assert next_search("", drawn, drawn, None) is None


def test_a_choice_becomes_part_of_the_address() -> None:
    drawn = {"region": "", "month": "2026-06"}
    assert next_search("", {"region": "155", "month": "2026-06"}, drawn, None) == "?region=155"
    assert (
        next_search("?region=155", {"region": "", "month": "2026-06"}, {**drawn, "region": "155"}, None)
        == "?"
    )
    assert next_search("?month=2026-01", drawn, drawn, "034") == "?month=2026-01&region=034"


# --- Nothing, or something broken ----------------------------------------------------------------


def test_nothing_published_says_which_command_makes_it(tmp_path: Path) -> None:
    said = text(page(tmp_path / "not-there").main)
    assert "Nothing is published yet." in said
    assert "make run" in said


def test_a_missing_version_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("2026-01-01T000000Z")
    said = text(page(tmp_path).main)
    assert "cannot be read" in said
    assert "2026-01-01T000000Z" in said


def test_a_damaged_version_is_a_sentence_without_the_path_of_the_machine(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "public.duckdb").write_bytes(b"\x00" * 9000)
    said = text(page(tmp_path).main)
    assert "cannot be read" in said
    assert str(tmp_path) not in said


def test_a_version_without_months_has_a_page(tmp_path: Path) -> None:
    write(tmp_path, Invented(months=0))
    for path in PAGES:
        assert "holds no month yet" in text(page(tmp_path, path).main)


def test_a_metric_that_is_not_published_is_said_on_its_card(tmp_path: Path) -> None:
    write(tmp_path, Invented(drop_metrics=("contributor_absence_factor",)))
    assert "This version does not hold this metric." in text(card(tmp_path, "absence"))


# --- Downloads and the server -----------------------------------------------------------------------


def _download(folder: Path, address: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(create_app(folder).server.test_client().get(address).text))


def test_a_download_is_of_the_version_that_the_page_showed(tmp_path: Path) -> None:
    write(tmp_path, Invented(version="v1"))
    address = next(
        link.href for link in all_of(card(tmp_path, "active"), "A") if "/download/" in str(link.href)
    )
    write(tmp_path, Invented(version="v2", lift=50))
    old, new = _download(tmp_path, address), _download(tmp_path, "/download/overview/active.csv")
    assert set(old["published_version"]) == {"v1"}
    assert set(new["published_version"]) == {"v2"}
    assert old["value"].iloc[-1] < new["value"].iloc[-1]


@pytest.mark.parametrize(
    "address",
    [
        "/download/overview/nothing.csv",
        "/download/nowhere/active.csv",
        "/download/overview/active.csv?version=../../etc",
        "/download/overview/active.csv?version=v9",
    ],
)
def test_a_download_that_is_not_there_is_a_sentence(published: Path, address: str) -> None:
    answer = create_app(published).server.test_client().get(address)
    assert answer.status_code == 404
    assert answer.text.strip().endswith(".")


def test_a_table_is_of_the_version_that_the_page_showed(tmp_path: Path) -> None:
    write(tmp_path, Invented(version="v1"))
    write(tmp_path, Invented(version="v2", lift=50))
    old = text(opened_table(tmp_path, "public", "v1", "/", "", "active"))
    new = text(opened_table(tmp_path, "public", None, "/", "", "active"))
    assert old != new
    assert "Period" in old


def test_every_answer_forbids_other_hosts(published: Path) -> None:
    answer = create_app(published).server.test_client().get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy.replace("https:", "http:").split("frame-ancestors")[0]
    assert '<html lang="en">' in answer.text


def test_large_answers_are_compressed(published: Path) -> None:
    client = create_app(published).server.test_client()
    answer = client.get("/assets/topojson/world_110m.json", headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Content-Encoding"] in ("br", "gzip")


def test_scripts_are_compressed_once_and_other_answers_each_time(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressed: list[int] = []

    def counted(server: Any, content: bytes, algorithm: str) -> bytes:
        compressed.append(len(content))
        return gzip.compress(content, 1)

    monkeypatch.setattr("flask_compress.flask_compress._compress_data", counted)
    client, asked = create_app(published).server.test_client(), {"Accept-Encoding": "gzip"}
    plotly = f"{SCRIPTS}plotly/package_data/plotly.min.js"
    first, again = client.get(plotly, headers=asked), client.get(plotly, headers=asked)
    assert first.data == again.data
    assert first.cache_control.max_age == SCRIPTS_KEPT
    assert len(compressed) == 1
    for _ in range(2):
        assert client.get("/", headers=asked).cache_control.max_age is None
    assert len(compressed) == 3


def test_a_port_that_is_taken_is_one_sentence(published: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"^Pages cannot be served on port {port} .* uses it.*\.$"):
            server_of(create_app(published), "127.0.0.1", port)


def test_serving_says_where_the_pages_are_in_one_line(
    published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("waitress.server.TcpWSGIServer.run", lambda server: None)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve(published, port=port)
    said, complained = capsys.readouterr()
    assert said == f"Pages for the public audience: http://127.0.0.1:{port}/ (Ctrl+C ends)\n"
    assert complained == ""


def test_health_tells_the_version_or_that_there_is_none(published: Path, tmp_path: Path) -> None:
    well = create_app(published).server.test_client().get("/health")
    assert (well.status_code, well.text.strip()) == (200, Invented().version)
    assert create_app(tmp_path).server.test_client().get("/health").status_code == 503


def test_an_unexpected_form_is_a_sentence_and_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("value")

    monkeypatch.setattr("dashboards.app.render", broken)
    outputs = (("nav", "children"), ("main", "children"), ("arrival", "data"))
    inputs = (("pathname", "/"), ("search", ""))
    body = {
        "output": f"..{'...'.join('.'.join(each) for each in outputs)}..",
        "outputs": [{"id": name, "property": what} for name, what in outputs],
        "inputs": [{"id": "address", "property": what, "value": value} for what, value in inputs],
        "changedPropIds": ["address.pathname"],
    }
    app = create_app(tmp_path, now=lambda: datetime(2026, 1, 1))
    app.server.test_client().get("/_dash-dependencies")
    answer = app.server.test_client().post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    assert "This page cannot be drawn." in answer.text
    assert "KeyError" in caplog.text

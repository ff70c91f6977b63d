"""The pages in a real browser: drawn whole, from this host only, by mouse, keyboard and on a phone."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from dashboards import report
from dashboards.data import open_published
from dashboards.pages import PAGES as ALL_PAGES
from tests.dashboards.browser import Seen, drawn, launched, opened
from tests.dashboards.conftest import READ_AT, Serve
from tests.dashboards.published import REGIONS, Invented, write

PLACE_OF = """code => [...document.querySelectorAll("#map .choroplethlayer path")]
    .findIndex(path => path.__data__.loc === code)"""
"""Which of the map's shapes is a country's."""
NARROW = """() => [...document.querySelectorAll(".js-plotly-plot .main-svg")]
    .every(chart => chart.getBoundingClientRect().width <= 360)"""
"""Charts have followed the page to the width of a phone."""
PAGES = (*ALL_PAGES, "/regions?region=155&month=2026-03")


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserContext]:
    with launched() as context:
        yield context


@pytest.fixture(scope="module")
def site(published: Path, serve: Serve) -> str:
    return serve(published)


Reading = Callable[[str], tuple[Page, Seen]]


@pytest.fixture(scope="module")
def reading(chromium: BrowserContext, site: str) -> Iterator[Reading]:
    """Pages by their path, drawn once for all tests that do not go elsewhere from them."""
    with ExitStack() as all_of_them:
        yield cache(lambda path: all_of_them.enter_context(opened(chromium, site + path)))


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_drawn_whole_from_this_host_without_complaint(reading: Reading, path: str) -> None:
    page, seen = reading(path)
    assert seen.outside == []
    assert seen.refused == []
    assert seen.complaints == []
    assert page.locator("html").get_attribute("lang") == "en"
    assert "Mission-Driven Mozillians" in page.title()
    assert page.locator(".js-plotly-plot").count() >= 5


def test_the_map_is_drawn_from_our_own_shapes_and_leads_to_a_region(
    chromium: BrowserContext, site: str
) -> None:
    with opened(chromium, f"{site}/regions") as (page, seen):
        paths = page.locator("#map .choroplethlayer path")
        assert paths.count() == sum(len(countries) for _, _, _, countries in REGIONS.values())
        assert all(
            len(path) > 20 for path in (paths.nth(0).get_attribute("d"), paths.nth(5).get_attribute("d"))
        )
        assert [address for address in seen.requests if "topojson" in address] == [
            f"{site}/assets/topojson/world_110m.json"
        ]
        brazil = paths.nth(page.evaluate(PLACE_OF, "BRA"))
        brazil.scroll_into_view_if_needed()
        box = brazil.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.locator("#map .hoverlayer", has_text="South America").wait_for()
        page.mouse.down()
        page.mouse.up()
        page.wait_for_url("**/regions?region=005")
        page.wait_for_selector("#countries")
        assert page.locator("h1").inner_text() == "South America"


def test_a_region_is_one_click_from_its_countries_and_the_view_can_be_sent_on(
    chromium: BrowserContext, site: str
) -> None:
    with opened(chromium, f"{site}/regions") as (page, _):
        page.get_by_role("link", name="Southern Asia").click()
        page.wait_for_url("**/regions?region=034&month=2026-06")
        page.wait_for_selector("#countries")
        assert page.locator("h1").inner_text() == "Southern Asia"
        sent = page.url
        page.go_back()
        page.wait_for_selector("#map")
    with opened(chromium, sent) as (page, _):
        assert page.locator("h1").inner_text() == "Southern Asia"
        assert "India" in page.locator("#countries").inner_text()


def test_a_download_is_the_rows_of_its_card(chromium: BrowserContext, site: str) -> None:
    with opened(chromium, f"{site}/regions?month=2026-02") as (page, _):
        with page.expect_download() as started:
            page.locator("#map .download").click()
        download = started.value
        assert download.suggested_filename == f"map-{Invented().version}.csv"
        rows = pd.read_csv(io.BytesIO(Path(download.path()).read_bytes()))
        now = rows[rows["period_end"] == "2026-03-01T00:00:00Z"]
        assert len(now) == len(REGIONS) + 1
        shown = page.locator("#map tbody tr, #map .sure").all_inner_texts()
        for _, row in now.iterrows():
            line = next(text for text in shown if str(row["region_name"]) in text)
            assert str(row["shown"]) in line.replace("\u202f", " ").replace("\n", " ")


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_never_scrolls_sideways(reading: Reading, path: str) -> None:
    page, _ = reading(path)
    page.set_viewport_size(ViewportSize(width=360, height=740))
    page.wait_for_function(NARROW)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    for number in page.locator(".big").all():
        box = number.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_a_phone_keeps_the_pages_in_a_menu_that_closes_behind_the_reader(
    chromium: BrowserContext, site: str
) -> None:
    with opened(chromium, site, width=360, height=740) as (page, _):
        links = page.get_by_role("navigation", name="Pages").get_by_role("link")
        heading = page.locator("h1").bounding_box()
        assert heading is not None
        assert heading["y"] < 160
        assert links.count() == 0
        page.locator(".menu summary").click()
        assert links.count() == len(ALL_PAGES)
        for link in links.all():
            box = link.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360
            assert box["height"] >= 40
        links.filter(has_text="Journey").click()
        page.wait_for_url("**/journey**")
        page.locator("main section h2", has_text="Journey").wait_for()
        assert links.count() == 0
        assert page.locator(".menu summary").inner_text() == "Pages: Journey"
    with opened(chromium, site) as (page, _):
        links = page.get_by_role("navigation", name="Pages").get_by_role("link")
        assert links.all_inner_texts() == [each.name for each in ALL_PAGES.values()]


def test_a_phone_shows_a_row_of_many_columns_as_a_list_with_names(reading: Reading) -> None:
    page, _ = reading("/")
    page.set_viewport_size(ViewportSize(width=360, height=740))
    table = page.locator("#freshness")
    assert table.get_by_role("columnheader").all_inner_texts()[:2] == ["Source", "Complete up to"]
    first = table.locator("td").first
    assert first.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Complete up to"'
    assert table.get_by_role("row").count() == 5
    for cell in table.locator("tbody td").all():
        box = cell.bounding_box()
        assert (box is None) == (cell.text_content() == "")
        assert box is None or box["width"] > 250


def test_everything_is_reached_and_chosen_by_keyboard(chromium: BrowserContext, site: str) -> None:
    with opened(chromium, f"{site}/regions") as (page, _):
        reached = _tab_through(page, 60)
        assert reached[0] == "Skip to content"
        for wanted in ("Overview", "All regions", "June 2026", "Western Europe", "Definition", "CSV"):
            assert any(wanted in name for name in reached), wanted
        page.locator(".control-month button").focus()
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
        for key, then_at in (("Enter", "2026-06"), ("ArrowDown", "2026-05"), ("ArrowDown", "2026-04")):
            page.keyboard.press(key)  # one that comes before the list has taken the focus goes nowhere
            page.wait_for_function("value => document.activeElement.value === value", arg=then_at)
        page.keyboard.press("Enter")
        page.wait_for_url("**/regions?month=2026-04*")


def test_tables_open_on_demand(reading: Reading) -> None:
    page, seen = reading("/")
    page.locator("#active summary", has_text="As a table").click()
    rows = page.locator("#active .as-table tbody tr")
    rows.first.wait_for()
    assert rows.count() == 38
    page.locator("#active summary", has_text="Where does this come from").click()
    assert "run-0042" in page.locator("#active .origin").inner_text()
    assert seen.complaints == []


def test_low_coverage_draws_no_map_and_leads_to_the_area_that_has_one(
    chromium: BrowserContext, half_known: Path, serve: Serve
) -> None:
    with opened(chromium, f"{serve(half_known)}/regions") as (page, seen):
        assert page.locator(".choroplethlayer").count() == 0
        assert "No map is drawn." in page.locator("#map").inner_text()
        assert not [address for address in seen.requests if "topojson" in address]
        page.get_by_role("link", name="see the map of Support").click()
        page.wait_for_url("**/regions?area=support&month=2026-06")
        page.locator("#map .choroplethlayer path").last.wait_for(state="attached")
        shapes = page.locator("#map .choroplethlayer path").all()
        assert all(len(shape.get_attribute("d") or "") > 20 for shape in shapes)
        assert page.locator("h1").inner_text() == "Regions: Support"
        assert "No map is drawn." not in page.locator("#map").inner_text()
        assert seen.complaints == []


def test_an_area_is_chosen_beside_region_and_month(chromium: BrowserContext, site: str) -> None:
    with opened(chromium, f"{site}/regions?region=155") as (page, _):
        page.locator(".control-area button").click()
        page.get_by_role("option", name="Quality").click()
        page.wait_for_url("**/regions?region=155&area=quality")
        page.locator("h1", has_text="Western Europe: Quality").wait_for()
        assert page.locator(".choroplethlayer").count() == 0


def test_a_reader_keeps_the_old_version_until_the_page_is_loaded_again(
    chromium: BrowserContext, serve: Serve, tmp_path: Path
) -> None:
    site = serve(tmp_path)
    with opened(chromium, site) as (page, seen):
        assert page.locator("h1").inner_text() == "Nothing is published yet."
        assert "make run" in page.locator("main").inner_text()
        assert seen.complaints == []
        for version, lift in (("v1", 0), ("v2", 50)):
            before = page.locator("main").inner_text()
            write(tmp_path, Invented(version=version, lift=lift))
            page.wait_for_timeout(300)
            assert page.locator("main").inner_text() == before
            page.reload()
            drawn(page)
            assert f"Published version {version}" in page.locator("main").inner_text()
        (tmp_path / "current").write_text("v3")
        page.reload()
        drawn(page)
        assert page.locator("h1").inner_text() == "The published version cannot be read."


def _tab_through(page: Page, presses: int) -> list[str]:
    """The names of what has the focus, one after the other."""
    names = []
    name = "() => document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''"
    for _ in range(presses):
        page.keyboard.press("Tab")
        names.append(page.evaluate(name))
    return names


def test_a_report_fits_a_phone_and_keeps_its_tables_on_paper(
    chromium: BrowserContext, published: Path, tmp_path: Path
) -> None:
    found = open_published(published)
    file = tmp_path / "report.html"
    file.write_text(report.report(found, report.view_of(found, "155", None), READ_AT), encoding="utf-8")
    with opened(chromium, file.as_uri(), width=360) as (page, seen):
        assert seen.outside == [file.as_uri()]
        assert seen.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        display = "getComputedStyle(document.querySelector('.figures')).display"
        assert page.evaluate(display) == "block"
        page.emulate_media(media="print")
        assert page.evaluate(display) == "table"

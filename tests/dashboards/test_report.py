"""The report that is sent on: what it tells, what it must not, and that nothing half-written is ever seen."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from dash import dcc, html

from dashboards import evidence, report, static
from dashboards.data import open_published
from dashboards.pages.topics import TOPICS
from expectations.publish.common import PERSONAL
from pipelines import cli, lake, statistics
from tests.dashboards.conftest import READ_AT
from tests.dashboards.published import Invented, write
from tests.dashboards.test_topics import Frame

JUNE = {"period_start": datetime(2026, 6, 1), "period_end": datetime(2026, 7, 1), "grain": "month"}
VOID = {"meta", "br", "line", "polyline", "polygon", "circle"}


class Read(HTMLParser):
    """A file as a reader has it: its tags with their attributes in order, and its text outside of styles."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(file)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def told(folder: Path, audience: str = "public", region: str | None = None, locale: str | None = None) -> str:
    published = open_published(folder, audience)
    return report.report(published, report.view_of(published, region, locale), READ_AT)


@pytest.fixture(scope="module")
def everybodys(published: Path) -> str:
    return told(published)


# --- The file ---------------------------------------------------------------------------------


def test_a_report_is_whole_html_without_a_program_and_asks_no_host(everybodys: str) -> None:
    read = Read(everybodys)
    assert read.open == []
    assert read.named("html") == [{"lang": "en"}]
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object"} == set()
    assert re.findall(r"https?://|url\(|@import", everybodys) == []
    assert all(str(link["href"]).startswith("#d-") for link in read.named("a"))
    assert {"http-equiv": "Content-Security-Policy", "content": report.POLICY} in read.named("meta")
    assert len(everybodys) < 500_000


def test_headings_tables_and_charts_of_a_report_can_be_read_by_who_cannot_see_them(everybodys: str) -> None:
    read = Read(everybodys)
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(read.named("caption")) == len(read.named("table")) > len(TOPICS)
    assert all(cell["scope"] in ("col", "row") for cell in read.named("th"))
    charts = read.named("svg")
    assert len(charts) == len(read.named("title")) - 1 > 10
    assert all(chart["role"] == "img" for chart in charts)


def test_every_figure_leads_to_its_definition(everybodys: str) -> None:
    read = Read(everybodys)
    there = {f"#{term['id']}" for term in read.named("dt") if "id" in term}
    assert {str(link["href"]) for link in read.named("a")} <= there


def test_a_report_tells_every_topic_its_sources_and_what_it_rests_on(everybodys: str) -> None:
    text = Read(everybodys).text
    names = [name for _, name, _ in TOPICS.values()]
    places = [text.index(f" {name} ") for name in names]
    assert places == sorted(places)
    for said in (
        "How our communities are doing", "run-0042", "4be1f00c", Invented().version, "Public edition",
        "groups of 10 or more", "the last answer was refused", "refused: actions",
        "written on 2 July 2026, 06:00 UTC",
    ):  # fmt: skip
        assert said in text


def test_each_topic_is_told_by_metrics_of_its_own() -> None:
    assert list(report.HEADLINES) == list(TOPICS)
    for topic, metrics in report.HEADLINES.items():
        assert len(metrics) >= 3
        assert set(metrics) <= set(TOPICS[topic][2])


def test_what_a_publication_holds_cannot_be_taken_for_tags(tmp_path: Path) -> None:
    write(tmp_path)
    with duckdb.connect(str(tmp_path / Invented().version / "public.duckdb")) as out:
        out.execute("update metric set title = '<script>x</script>' where metric = 'region_coverage'")
    file = told(tmp_path)
    assert "<script>" not in file
    assert "&lt;script&gt;x" in file


# --- What is told, and what is not ------------------------------------------------------------


def test_no_person_is_in_a_report_and_nothing_but_the_published_files_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "published")
    (tmp_path / "warehouse.duckdb").write_text("not to be opened")
    opened = []
    connect = duckdb.connect
    monkeypatch.setattr(
        duckdb, "connect", lambda path, **how: opened.append((Path(path).name, how)) or connect(path, **how)
    )
    file = told(tmp_path / "published", "internal")
    assert opened
    assert {(name, how["read_only"]) for name, how in opened} == {("internal.duckdb", True)}
    assert re.search(PERSONAL, Read(file).text) is None


def test_a_value_that_is_suppressed_for_an_edition_is_not_in_it(tmp_path: Path) -> None:
    small = {**JUNE, "metric": "review_capacity_ratio", "version": 1, "value": 8.71, "status": "complete"}
    write(
        tmp_path,
        Invented(drop_metrics=(), rows=[dict.fromkeys(report.DIMENSIONS) | {**small, "_smallest": 7}]),
    )
    for audience in ("internal", "public"):
        with duckdb.connect(str(tmp_path / Invented().version / f"{audience}.duckdb")) as out:
            out.execute(
                "delete from metric_value where metric = 'review_capacity_ratio'"
                " and value is distinct from 8.71 and status <> 'suppressed'"
            )
    internal, public = (told(tmp_path, audience) for audience in ("internal", "public"))
    assert "8.71" in internal
    assert "8.71" not in public
    assert "Suppressed (fewer than 10 people): Review capacity." in Read(public).text


def test_the_persona_is_told_in_its_three_senses_with_what_probable_links_make_of_it(tmp_path: Path) -> None:
    def row(category: str | None, value: float, month: int, probable: float | None = None) -> dict[str, Any]:
        period = {"period_start": datetime(2026, month - 1, 1), "period_end": datetime(2026, month, 1)}
        return dict.fromkeys(report.DIMENSIONS) | {
            **period, "grain": "month", "metric": "mdm_contributors", "version": 1, "value": value,
            "value_with_probable": probable, "category": category, "population": "community",
            "status": "complete", "_smallest": 40,
        }  # fmt: skip

    write(tmp_path)
    with duckdb.connect(str(tmp_path / Invented().version / "public.duckdb")) as out:
        out.execute("delete from metric_value where metric = 'mdm_contributors'")
        out.execute("update metric set unit = 'persons' where metric = 'mdm_contributors'")
        rows = [row(None, 45, 7, 60), row(None, 30, 4), row("loose", 95, 7), row("strict", 10, 7)]
        out.register("rows", pd.DataFrame(rows).drop(columns="_smallest"))
        out.execute("insert into metric_value by name select * from rows")
    text = Read(told(tmp_path)).text
    headline = text[
        text.index("Mission-driven") if "Mission-driven" in text else 0 : text.index("What changed")
    ]
    for said in (
        " 45 ", "Rounded to the nearest 5", "If probable links hold: 60.", "+15 on March 2026 (30)",
        "Wide sense: 95.", "Narrow sense: 10.",
    ):  # fmt: skip
        assert said in headline


def test_a_report_for_a_region_tells_of_it_and_of_the_others(published: Path) -> None:
    read = Read(told(published, region="western europe"))
    assert "Report for Western Europe" in read.text
    others = read.text[read.text.index("Next to the other regions") :]
    assert others.index("Western Europe") < others.index("Southern Asia")
    assert "suppressed (fewer than 10 people)" in others
    countries = others[others.index("From which of its countries") :]
    assert "Germany" in countries
    assert "all regions: not kept by region" in read.text


def test_a_report_for_a_locale_tells_of_it_and_of_the_others(published: Path) -> None:
    read = Read(told(published, locale="PT-br"))
    assert "Report for locale pt-BR" in read.text
    assert "Localization, fr" in read.text[read.text.index("Next to the other locales") :]
    assert "all locales: not kept by locale" in read.text


# --- Whether a change is evident --------------------------------------------------------------


def share(x: int, n: int) -> dict[str, Any]:
    (low,), (high,) = statistics.wilson([x], [n])
    return {"value": x / n, "ci_low": low, "ci_high": high, "category": None}


def test_the_difference_from_wilsons_limits_is_newcombes() -> None:
    one, two = share(12, 40), share(90, 200)
    found = statistics.difference(*((row["value"], row["ci_low"], row["ci_high"]) for row in (one, two)))
    assert found == pytest.approx(statistics.newcombe(12, 40, 90, 200))


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (share(12, 40), share(90, 200), "no evident difference"),
        (share(120, 400), share(900, 2000), "evident"),
        (share(40, 40), share(40, 40), "no evident difference"),
        ({"value": 5, "ci_low": None, "ci_high": None, "category": None}, share(1, 2), ""),
        (share(1, 2), None, ""),
    ],
)
def test_a_change_is_evident_when_the_interval_of_the_difference_leaves_out_zero(
    now: dict[str, Any], before: dict[str, Any] | None, said: str
) -> None:
    assert evidence.of_changes([(now, before)], "share", "internal") == [said]


def test_a_change_that_rounding_alone_could_make_is_not_evident() -> None:
    now, before = share(51_000, 100_000), share(50_000, 100_000)
    assert evidence.of_changes([(now, before)], "share", "internal") == ["evident"]
    assert evidence.of_changes([(now, before)], "share", "public") == ["no evident difference"]


def test_what_is_barely_evident_alone_is_not_among_many() -> None:
    barely, nothing = (share(62, 100), share(48, 100)), (share(50, 100), share(50, 100))
    assert evidence.of_changes([barely], "share", "internal") == ["evident"]
    assert "evident" not in evidence.of_changes([barely, *[nothing] * 9], "share", "internal")


def test_an_end_that_is_not_reached_makes_no_change_evident() -> None:
    open_end = {"value": 30.0, "ci_low": 20.0, "ci_high": None, "category": None}
    closed = {"value": 5.0, "ci_low": 4.0, "ci_high": 6.0, "category": None}
    assert evidence.of_changes([(open_end, closed)], "days", "internal") == ["evident"]
    assert evidence.of_changes([(closed, open_end)], "days", "internal") == ["evident"]
    high = {"value": 60.0, "ci_low": 50.0, "ci_high": 70.0, "category": None}
    assert evidence.of_changes([(open_end, high)], "days", "internal") == ["no evident difference"]


# --- Plain HTML and small charts --------------------------------------------------------------


def test_a_component_becomes_the_tag_it_is_with_its_text_escaped() -> None:
    cell = html.Td(["a < b", html.Br()], className="x", colSpan=2, **{"aria-label": 'say "a"'})
    assert static.markup(cell) == ('<td class="x" colspan="2" aria-label="say &#34;a&#34;">a &lt; b<br></td>')
    assert (
        static.markup(html.B("x", style={"backgroundColor": "red"}))
        == '<b style="background-color:red">x</b>'
    )
    assert static.markup([dcc.Link("elsewhere", href="/regions"), None, 7]) == "elsewhere7"


def test_a_chart_of_a_page_is_not_put_into_a_file() -> None:
    with pytest.raises(static.NotStatic, match="Graph"):
        static.markup(html.Div(dcc.Graph(id="x")))


def course(values: list[float | None]) -> str:
    rows = [
        {"value": value, "period_end": datetime(2026, month, 1), "status": "complete"}
        for month, value in enumerate(values, 2)
    ]
    frame = Frame(rows).select("m", ("month",))
    frame = frame.assign(at=frame["period_end"] - pd.DateOffset(months=1), shown="")
    return static.spark(frame, "Said.")


def test_a_gap_of_a_small_chart_stays_a_gap() -> None:
    whole, broken = course([4.0, 5.0, 6.0, 7.0]), course([4.0, 5.0, None, 6.0, 7.0])
    assert (whole.count("<polyline"), broken.count("<polyline")) == (1, 2)
    assert "<title>Said.</title>" in whole


def test_a_small_chart_starts_at_zero_and_is_not_drawn_of_one_value() -> None:
    heights = [
        float(y) for y in re.findall(r"(?<=,)[\d.]+", re.search(r'points="([^"]+)"', course([50.0, 51.0]))[1])
    ]
    assert max(heights) - min(heights) < 1
    assert course([4.0]) == ""
    flat = course([0.0, 0.0])
    assert re.search(r'y1="([\d.]+)"', flat)[1] == re.search(r'cy="([\d.]+)"', flat)[1] == "31.0"


# --- The command ------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `mdm report`; its exit code and what it printed."""
    monkeypatch.setenv("MDM_DATA", str(tmp_path))

    def run(*words: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["mdm", "report", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), (told.out + told.err).splitlines()

    return run


def test_the_command_writes_one_file_and_says_where(tmp_path: Path, command: Any) -> None:
    write(tmp_path / "published")
    code, said = command("--internal", "--region", "155")
    path = tmp_path / "reports" / f"{Invented().version}-internal-155.html"
    assert (code, said) == (0, [f"report: {path}"])
    assert "Internal edition" in path.read_text(encoding="utf-8")
    assert command("--out", str(tmp_path / "mine.html"))[0] == 0
    assert "Public edition" in (tmp_path / "mine.html").read_text(encoding="utf-8")


def test_an_earlier_publication_is_told_by_its_name(tmp_path: Path, command: Any) -> None:
    write(tmp_path / "published", Invented(version="2026-06-02T031000Z"))
    write(tmp_path / "published")
    assert command("--version", "2026-06-02T031000Z")[1][0].endswith("2026-06-02T031000Z-public.html")
    code, said = command("--version", "2025")
    assert (code, said) == (2, ["mdm: Version 2025 was asked for, but its public file is missing."])


def test_without_a_publication_the_command_says_so_in_one_sentence(tmp_path: Path, command: Any) -> None:
    code, [sentence] = command()
    assert code == 2
    assert (
        sentence == f"mdm: Nothing is published in {tmp_path}/published yet: `mdm run` makes a publication."
    )
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "atlantis"), "There is no region 'atlantis'"),
        (("--locale", "xx"), "There is no locale 'xx'"),
        (("--out", "/nowhere/x.html"), "its folder is not there"),
        (("--out", "/"), "a folder"),
    ],
)
def test_what_a_report_cannot_be_made_of_is_one_sentence(
    tmp_path: Path, command: Any, words: tuple[str, ...], said: str
) -> None:
    write(tmp_path / "published")
    code, [sentence] = command(*words)
    assert code == 2
    assert said in sentence


def test_a_report_that_cannot_be_written_leaves_the_former_one(
    tmp_path: Path, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "published")
    command()
    (path,) = (tmp_path / "reports").iterdir()
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lake.os, "fsync", full)
    code, _ = command()
    assert code == 1
    assert path.read_bytes() == before
    assert list((tmp_path / "reports").iterdir()) == [path]

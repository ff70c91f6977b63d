"""SUMO's list of revisions: every row of a page for people, to the end of a list whose end is not marked."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipelines.simulation.servers.http_server import Request, parse_head
from pipelines.simulation.servers.knowledge import LIST, revision_list
from pipelines.sources.http import SourceDenied
from pipelines.sources.spec import Answer, Reread, SourceChanged, Span, Whole, stamp
from pipelines.sources.sumo import SOURCE
from pipelines.sources.walks import RevisionList
from pipelines.sources.walks.revisions import read
from tests.scripted import Reply, at, client_of, scripted
from tests.sources.test_walks import NOW, Scripted

SPAN = Span(since=at("2026-03-01"))
WALK = RevisionList(LIST, stream="revisions", at="created", opened_on=date(2010, 1, 1), days=30)


def revision(number: int, created: datetime, **changes: Any) -> dict[str, Any]:
    """One invented revision; its article's name needs escaping."""
    return {
        "id": number, "document": "what-s-new?", "locale": "de", "title": "What's <new>?", "creator": "ada b",
        "comment": "<a href='/en-US/user/nobody/'>see</a>", "created": stamp(created),
    } | changes  # fmt: skip


def listed(rows: list[dict[str, Any]]) -> Scripted:
    """The list over these rows, as the simulated server shows it."""

    def answer(path: str, params: dict[str, Any]) -> str:
        given = tuple((name, str(value)) for name, value in params.items())
        return revision_list(rows, Request("GET", path, given)).body.decode()

    return Scripted(answer)


@pytest.mark.parametrize("rows_of_a_day", [1, 19, 20, 40, 47])
def test_every_revision_is_met_though_a_page_out_of_range_shows_the_first(rows_of_a_day: int) -> None:
    day = at("2026-04-10") + timedelta(hours=12)
    rows = [revision(number, day + timedelta(seconds=number)) for number in range(rows_of_a_day)]
    pages = list(WALK.pages(listed(rows), {}, SPAN))
    met = {row["id"]: row for page in pages for row in page.records}
    assert set(met) == set(range(rows_of_a_day))
    assert met[0] == {
        "id": 0, "document": "what-s-new?", "locale": "de", "creator": "ada b", "created": stamp(day),
    }  # fmt: skip


def test_days_are_the_servers_and_none_falls_between_two_windows() -> None:
    """Every hour of two months, windows that begin and end inside of them."""
    rows = [revision(n, at("2026-03-05") + timedelta(hours=n)) for n in range(60 * 24)]
    pages = list(WALK.pages(listed(rows), {}, SPAN))
    assert {row["id"] for page in pages for row in page.records} == set(range(60 * 24))
    assert pages[-1].watermark == at("2026-06-30")


def test_what_the_machine_wrote_is_not_shown_and_the_running_day_is_read_again() -> None:
    rows = [revision(1, NOW - timedelta(hours=1)), revision(2, NOW - timedelta(days=3), creator="SumoBot")]
    asker = listed(rows)
    first = list(WALK.pages(asker, {}, SPAN))
    assert [row["id"] for page in first for row in page.records] == [1]
    assert first[-1].cursor["next"] == "2026-06-30"
    asker.asked.clear()
    again = list(WALK.pages(asker, first[-1].cursor, SPAN))
    assert [row["id"] for page in again for row in page.records] == [1]
    assert len(asker.asked) == 1


def test_a_revision_that_vanished_is_missed_when_its_days_come_round() -> None:
    walk = RevisionList(
        LIST, "revisions", "created", date(2010, 1, 1), (Reread("all", None, timedelta(days=1)),)
    )
    asker = listed([revision(1, at("2026-04-10"))])
    first = list(walk.pages(asker, {}, SPAN))
    asker.now += timedelta(days=1)
    parts = [part for page in walk.pages(asker, first[-1].cursor, SPAN) for part in page.whole]
    assert parts[0].start == at("2026-03-01")
    assert all(one.end == next_.start for one, next_ in itertools.pairwise(parts))
    assert all(isinstance(part, Whole) and part.column == "created" for part in parts)


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("<html><body><h1>We will be back soon</h1></body></html>", "the list of revisions"),
        ("<form><input name='start'><input name='end'></form>"
         "<table><tr><td><a href='/de/kb/x/revision/7'>x</a></td></tr></table>", "a time in each row"),
    ],
)  # fmt: skip
def test_another_page_is_refused(page: str, complaint: str) -> None:
    with pytest.raises(SourceChanged, match=complaint):
        read(Answer(page, NOW, "/kb"))


def test_a_list_that_does_not_honour_its_filter_is_refused() -> None:
    rows = [revision(1, at("2020-01-01"))]
    asker = Scripted(lambda path, _params: revision_list(rows, Request("GET", path)).body.decode())
    with pytest.raises(SourceChanged, match="one of another day"):
        list(WALK.pages(asker, {}, SPAN))


def test_a_time_without_a_zone_is_the_servers() -> None:
    page = (
        "<form><input name='start'><input name='end'></form><ul><li><time datetime='2026-07-01T00:00:00'>x"
        "</time> <a href='/en-US/kb/set-up/revision/7'>x</a> by nobody</li></ul>"
    )
    rows, _ = read(Answer(page, NOW, "/kb"))
    assert rows == [
        {"id": 7, "locale": "en-US", "document": "set-up", "creator": None, "created": "2026-07-01T07:00:00Z"}
    ]


def test_a_server_without_the_list_leaves_the_stream_unread_but_not_twice() -> None:
    def gone(_path: str, _params: dict[str, Any]) -> Any:
        raise SourceDenied(404, "text/html", LIST)

    assert list(WALK.pages(Scripted(gone), {}, SPAN)) == []
    with pytest.raises(SourceDenied):
        list(WALK.pages(Scripted(gone), {"next": "2026-06-01"}, SPAN))


def test_a_page_for_people_is_taken_only_where_one_is_promised() -> None:
    page = Reply(raw=b"<html></html>", content_type="text/html; charset=utf-8")
    with scripted(lambda _path, _n: page) as (root, _), client_of(root, SOURCE) as client:
        assert client.get(LIST).body == "<html></html>"
        with pytest.raises(SourceChanged, match="expected JSON"):
            client.get("/api/2/question/")
    with scripted(lambda _path, _n: Reply({})) as (root, _), client_of(root, SOURCE) as client:
        with pytest.raises(SourceChanged, match="a page in HTML"):
            client.get(LIST)


def test_a_page_number_out_of_range_shows_the_first_page() -> None:
    rows = [revision(number, datetime(2026, 1, 1, tzinfo=UTC)) for number in range(25)]

    def page(query: str) -> set[int]:
        request = parse_head(f"GET {LIST}?{query} HTTP/1.1", "http://x.example")
        assert request is not None
        return {row["id"] for row in read(Answer(revision_list(rows, request).body.decode(), NOW, ""))[0]}

    assert page("page=9") == page("page=nonsense") == page("") != page("page=2")
    assert len(page("page=2")) == 5
    assert page("end=2026-01-01") == set(range(5, 25)), "25 of the last day of 2025 in the server's zone"
    assert page("start=2026-01-01") == set()

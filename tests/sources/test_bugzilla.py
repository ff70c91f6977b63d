"""Bugzilla: what is kept of the people whom a bug's history names, and what two runs land."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.lake import LATEST, Lake
from pipelines.landing import FeedResult, Landing
from pipelines.privacy import pseudonymiser
from pipelines.simulation.servers.bugzilla import LISTS
from pipelines.sources.bugzilla import BUGS, CHANGES, SOURCE, change_rows
from pipelines.sources.spec import Handle, Page, Span, Spent, Stream, Whole
from tests.scripted import client_of
from tests.sources.test_walks import NOW, Bugs, Scripted
from tests.test_tombstones import Told, land, page

CLASSES = ("removed_class", "added_class")


def bug(field_name: str, removed: str, added: str) -> dict[str, Any]:
    change = {"field_name": field_name, "removed": removed, "added": added}
    entry = {"when": "2026-05-01T00:00:00Z", "who": "ada@example.org", "changes": [change]}
    return {"id": 7, "last_change_time": "2026-05-01T00:00:00Z", "history": [entry]}


@pytest.mark.parametrize(
    ("field_name", "removed", "added", "classes"),
    [
        ("assigned_to", "nobody@mozilla.org", "Bo@Mozilla.com", ("mozilla", "mozilla")),
        ("assigned_to", "bo@example.org", "robot@bots.tld", ("other", "machine")),
        ("assigned_to", "u7@disabled.tld", "cy", ("closed", "unknown")),
        ("assigned_to", "", "bo@example.org", (None, "other")),
        ("qa_contact", "", "bo@mozilla.com", (None, None)),
        ("cc", "", "bo@mozilla.com, cy@example.org", (None, None)),
        ("status", "NEW", "ASSIGNED", (None, None)),
    ],
)
def test_of_an_assignee_in_the_history_the_class_of_the_log_in_is_kept_and_of_nobody_else(
    field_name: str, removed: str, added: str, classes: tuple[str | None, str | None]
) -> None:
    (row,) = change_rows(bug(field_name, removed, added), pseudonymiser(b"a key for tests only", "bugzilla"))
    assert (row["removed_class"], row["added_class"]) == classes
    assert "@" not in f"{row['removed']}{row['added']}"


def test_changes_that_were_read_before_classes_were_kept_get_them_once_with_the_next_read(
    tmp_path: Path,
) -> None:
    before = replace(
        CHANGES,
        rows=lambda record, hash_of: [
            {name: value for name, value in row.items() if name not in CLASSES}
            for row in change_rows(record, hash_of)
        ],
        keep={name: field for name, field in CHANGES.keep.items() if name not in CLASSES},
    )
    told = page(bug("assigned_to", "", "bo@mozilla.com"))

    def read(changes: Stream) -> Lake:
        return land(tmp_path, told, streams=(BUGS, changes))

    key = set(read(before).live("invented", "changes"))
    for _ in range(2):
        lake = read(CHANGES)
        files = sorted(map(str, lake.folder("invented", "changes").glob("*.parquet")))
        held = f"from read_parquet({files}, union_by_name = true)"
        newest = duckdb.sql(f"select added_class, _is_deleted from (from (select * {held}) qualify {LATEST})")
        assert newest.fetchall() == [("mozilla", False)]
        assert duckdb.sql(f"select added_class {held} order by 1 nulls first").fetchall() == [
            (None,),
            ("mozilla",),
        ]
        assert set(lake.live("invented", "changes")) == key


class Tracker(Scripted):
    """Bugzilla's search for a landing: `bugs` may change between two runs."""

    def __init__(self, bugs: Bugs) -> None:
        super().__init__(bugs)
        self.bugs, self.spent = bugs, Spent()

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def landed(data: Path, tracker: Tracker) -> FeedResult:
    work = Landing(Lake(data), run_id="run", gates={}, hash_key=b"a key for tests only", span=Span())
    return work.feed(SOURCE, SOURCE.feeds[0], tracker)


def test_a_bug_that_is_read_again_in_the_overlap_is_not_written_again(tmp_path: Path) -> None:
    tracker = Tracker(Bugs({number: NOW - timedelta(minutes=number) for number in range(1, 10)}))
    assert landed(tmp_path, tracker).written["bugs"] == 9
    tracker.now = NOW + timedelta(hours=1)
    tracker.bugs.rows[10] = NOW - timedelta(minutes=1)
    result = landed(tmp_path, tracker)
    assert result.received > 1
    assert result.written["bugs"] == 1


def test_a_bug_that_went_into_a_group_is_buried_by_the_second_run_and_the_others_land(tmp_path: Path) -> None:
    """Its page names it, and the walk of all visible ids shows a part of another shape, in one batch."""
    tracker = Tracker(Bugs({number: NOW - timedelta(days=number) for number in range(1, 6)}))
    landed(tmp_path, tracker)
    tracker.now = NOW + timedelta(days=1)
    tracker.bugs.grouped = {2}
    tracker.bugs.rows[2] = tracker.bugs.rows[7] = NOW + timedelta(hours=1)
    result = landed(tmp_path, tracker)
    assert not result.refused
    assert set(Lake(tmp_path).live("bugzilla", "bugs")) == {"1", "3", "4", "5", "7"}


@pytest.mark.parametrize("name", LISTS)
def test_a_bug_without_a_list_that_was_asked_for_is_refused_and_buries_nothing(
    tmp_path: Path, name: str
) -> None:
    """No list is not an empty one: what is stored of the bug would all be gone."""

    def read(bug: dict[str, Any], days: int) -> FeedResult:
        told = replace(page(bug), server_now=NOW + timedelta(days=days))
        landing = Landing(Lake(tmp_path), run_id="test", gates={}, hash_key=b"a key", span=Span())
        return landing.feed(
            SOURCE, replace(SOURCE.feeds[0], walk=Told((told,))), client_of("http://127.0.0.1:1")
        )

    at, who = "2026-06-30T00:00:00Z", "ada@example.org"
    whole = {
        "id": 1,
        "last_change_time": at,
        "history": [{"when": at, "who": who, "changes": [{"field_name": "status", "added": "NEW"}]}],
        "comments": [{"id": 5, "creator": who, "time": at}],
        "attachments": [{"id": 6, "creator": who, "creation_time": at}],
    }
    stream = {"history": "changes"}.get(name, name)
    read(whole, 0)
    held = Lake(tmp_path).live("bugzilla", stream)
    assert held
    result = read({field: value for field, value in whole.items() if field != name}, 1)
    assert any(f"expected a list of objects `{name}`" in sentence for sentence in result.refused)
    assert Lake(tmp_path).live("bugzilla", stream) == held


class Written(list[Handle]):
    """A vault that tells what it was given."""

    def remember(self, _source: str, handles: list[Handle], _seen_at: object) -> None:
        self.extend(handles)


def flag(bug_id: int) -> dict[str, Any]:
    setter = {"id": 70 + bug_id, "name": f"s{bug_id}@example.org", "nick": f"s{bug_id}"}
    at = "2026-06-30 00:00:00"
    return {"id": 10 + bug_id, "bug_id": bug_id, "status": "?", "setter": setter, "creation_time": at}


def test_flags_of_a_bug_that_not_everybody_may_see_are_not_landed_nor_kept_once_it_is_hidden(
    tmp_path: Path,
) -> None:
    """A key's own account may see a bug in a group, and is told of its flags without a word of groups."""
    lake, vault = Lake(tmp_path), Written()
    searched, asked, _ = SOURCE.feeds

    def read(bugs: Page, days: int = 0) -> set[str]:
        flags = page(flag(1), flag(2), flag(3), whole=(Whole("flag_activity"),))
        bugs, flags = (replace(one, server_now=NOW + timedelta(days=days)) for one in (bugs, flags))
        landing = Landing(lake, run_id="test", gates={}, hash_key=b"a key", span=Span(), vault=vault)
        for feed, told in ((searched, bugs), (asked, flags)):
            result = landing.feed(SOURCE, replace(feed, walk=Told((told,))), client_of("http://127.0.0.1:1"))
            assert not result.refused
        return set(lake.live("bugzilla", "flag_activity"))

    one, other = (
        {"id": n, "last_change_time": "2026-06-30T00:00:00Z", **{key: [] for key in LISTS}} for n in (1, 3)
    )
    assert read(page(one, other)) == {"11", "13"}
    assert {handle.handle for handle in vault} == {"s1", "s3"}
    hidden = Whole("bugs", {"id": frozenset({3})}, keys=frozenset())
    assert read(page(one, whole=(hidden,)), days=1) == {"11"}
    assert read(page(other), days=2) == {"11", "13"}, "public again"

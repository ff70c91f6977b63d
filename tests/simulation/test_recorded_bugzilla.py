"""Recorded Bugzilla: three sets that each know a part of a bug, without zones, authors or numbers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.simulation.recorded import read_world
from pipelines.simulation.recorded.bugzilla import MERGED, NO_NUMBER, NO_REPORTER, own_text
from pipelines.simulation.world import World
from pipelines.sources.bugzilla import login_class
from tests.simulation.conftest import RECORDED
from tests.simulation.invented_sets import lines, table

DUMPED = {
    "Version": "Unknown", "bug_id": "10", "bug_severity": "major", "bug_status": "NEW", "priority": "P2",
    "creation_ts": "2011-07-01 13:35:55", "reporter": "77", "component_id": "5",
}  # fmt: skip
LISTED = {
    "Bug ID": "10", "Type": "defect", "Summary": "Lamp is dark", "Product": "Firefox", "Component": "General",
    "Assignee": "nobody", "Status": "UNCONFIRMED", "Resolution": " ---", "Updated": "2022-01-05 20:00:00",
}  # fmt: skip
USER = {"id": "77", "email": "ana@lamp.example", "real_name": "Ana [:ana]", "nick": "ana"}


def dump(directory: Path, *changes: dict[str, str]) -> None:
    table(
        directory / "bugzilla" / "firefox2013_bugs_2011.csv.gz", [{**DUMPED, **change} for change in changes]
    )


def exported(directory: Path, *changes: dict[str, str]) -> None:
    table(
        directory / "bugzilla" / "buglist_export_firefox_2022.csv.gz",
        [{**LISTED, **change} for change in changes],
    )


def rest(directory: Path, *bugs: dict[str, Any]) -> None:
    lines(directory / "bugzilla" / "bmo_rest_bugs_lamp.jsonl.gz", list(bugs))


def only(directory: Path) -> dict[str, Any]:
    (bug,) = read_world(directory).bugzilla
    return bug


@pytest.mark.parametrize(
    ("wall", "instant"),
    [("2011-07-01 13:35:55", "2011-07-01T20:35:55Z"), ("2011-12-01 23:00:00", "2011-12-02T07:00:00Z")],
)
def test_filing_times_without_a_zone_are_pacific(tmp_path: Path, wall: str, instant: str) -> None:
    dump(tmp_path, {"creation_ts": wall})
    bug = only(tmp_path)
    assert bug["creation_time"] == bug["last_change_time"] == instant


def test_the_updates_of_a_list_without_a_zone_are_pacific(tmp_path: Path) -> None:
    exported(tmp_path, {})
    bug = only(tmp_path)
    assert (bug["last_change_time"], bug["creation_time"]) == ("2022-01-06T04:00:00Z", None)


def test_a_reporter_known_by_number_gets_the_address_that_users_know(tmp_path: Path) -> None:
    dump(tmp_path, {}, {"bug_id": "11", "reporter": "78"})
    table(
        tmp_path / "bugzilla" / "bmo_rest_users.csv.gz",
        [USER, {**USER, "id": "79", "email": "bo@lamp.example"}],
    )
    world = read_world(tmp_path)
    known, unknown = world.bugzilla
    assert known["creator"] == known["creator_detail"]["name"] == "ana@lamp.example"
    assert known["creator_detail"]["id"] == 77
    assert (unknown["creator"], unknown["creator_detail"]["id"]) == ("", 78)
    assert [(one.reason, one.records) for one in world.set_aside] == [(NO_REPORTER, 1)]


def test_one_bug_of_two_sets_is_one_record_of_both(tmp_path: Path) -> None:
    dump(tmp_path, {"bug_status": "ASSIGNED"})
    exported(tmp_path, {})
    world = read_world(tmp_path)
    (bug,) = world.bugzilla
    assert (bug["status"], bug["product"], bug["last_change_time"]) == (
        "UNCONFIRMED",
        "Firefox",
        "2022-01-06T04:00:00Z",
    )
    assert (bug["severity"], bug["creation_time"], bug["creator_detail"]["id"]) == (
        "major",
        "2011-07-01T20:35:55Z",
        77,
    )
    assert [(one.input_set, one.reason, one.records) for one in world.set_aside] == [
        ("firefox2013_bugs_2011.csv.gz", MERGED, 1)
    ]


def test_the_fuller_of_two_rest_records_wins(tmp_path: Path) -> None:
    lines(tmp_path / "bugzilla" / "bmo_rest_bugs_a.jsonl.gz", [{"id": 3, "status": "NEW", "product": "Core"}])
    full = {"id": 3, "status": "RESOLVED", "resolution": "FIXED", "type": "task", "summary": "Lamp"}
    lines(
        tmp_path / "bugzilla" / "bmo_rest_bugs_b.jsonl.gz",
        [{**full, "creation_time": "2020-01-01T00:00:00Z"}],
    )
    world = read_world(tmp_path)
    (bug,) = world.bugzilla
    assert (bug["status"], bug["resolution"], bug["product"]) == ("RESOLVED", "FIXED", "Core")
    assert [(one.input_set, one.reason) for one in world.set_aside] == [("bmo_rest_bugs_a.jsonl.gz", MERGED)]


def test_the_resolution_of_an_open_bug_is_empty_whatever_the_list_writes(tmp_path: Path) -> None:
    exported(tmp_path, {})
    assert only(tmp_path)["resolution"] == ""


def test_nobody_is_an_address_and_another_nick_is_none(tmp_path: Path) -> None:
    exported(tmp_path, {}, {"Bug ID": "11", "Assignee": "ana"})
    nobody, ana = read_world(tmp_path).bugzilla
    assert nobody["assigned_to"] == "nobody@mozilla.org"
    assert (ana["assigned_to"], ana["assigned_to_detail"]["nick"], ana["assigned_to_detail"]["id"]) == (
        "",
        "ana",
        None,
    )


def test_comments_without_author_or_in_the_short_form_get_the_full_shape(tmp_path: Path) -> None:
    short = {"id": 1, "author": "ana@lamp.example", "text": "It is dark", "time": "2012-01-01T00:00:00Z"}
    nameless = {"id": 2, "count": 1, "text": "Same", "creation_time": "2012-01-02T00:00:00Z"}
    rest(tmp_path, {"id": 3, "comments": [short, nameless]})
    bug = only(tmp_path)
    first, second = bug["comments"]
    assert first["creator"] == first["author"] == "ana@lamp.example"
    assert (first["count"], first["creation_time"], first["bug_id"], first["raw_text"]) == (
        0,
        first["time"],
        3,
        "It is dark",
    )
    assert (second["creator"], second["time"]) == ("", "2012-01-02T00:00:00Z")
    assert set(first) == set(second)
    assert bug["comment_count"] == 2


def test_filing_is_read_from_comment_0_where_the_bug_does_not_say(tmp_path: Path) -> None:
    comment = {"id": 1, "author": "ana@lamp.example", "text": "Dark", "time": "2012-01-01T00:00:00Z"}
    history = [{"when": "2013-05-01T00:00:00Z", "who": "bo@lamp.example", "changes": []}]
    rest(
        tmp_path,
        {"id": 3, "comments": [comment], "history": history},
        {"id": 4, "comments": [{**comment, "id": 2, "count": 5}]},
    )
    whole, part = read_world(tmp_path).bugzilla
    assert (whole["creation_time"], whole["creator"]) == ("2012-01-01T00:00:00Z", "ana@lamp.example")
    assert whole["last_change_time"] == "2013-05-01T00:00:00Z"
    assert (part["creation_time"], part["creator"]) == (None, "")


def test_an_attachment_without_its_number_is_set_aside(tmp_path: Path) -> None:
    patch = {"content_type": "text/plain", "creator": "ana@lamp.example", "is_patch": 1, "flags": []}
    rest(
        tmp_path,
        {"id": 3, "creation_time": "2020-01-01T00:00:00Z", "attachments": [patch, {"id": 8, **patch}]},
    )
    world = read_world(tmp_path)
    assert [one["id"] for one in world.bugzilla[0]["attachments"]] == [8]
    assert [(one.reason, one.records) for one in world.set_aside] == [(NO_NUMBER, 1)]


def test_what_no_set_knows_of_a_bug_is_not_made_up(tmp_path: Path) -> None:
    rest(tmp_path, {"id": 3, "resolution": "FIXED"}, {"id": 4, "creation_time": "2020-01-01T00:00:00Z"})
    bug = read_world(tmp_path).bugzilla[0]
    unknown = (
        "status",
        "product",
        "component",
        "is_open",
        "is_confirmed",
        "creation_time",
        "last_change_time",
    )
    assert [bug[name] for name in unknown] == [None] * 7
    assert (bug["type"], bug["severity"], bug["creator"], bug["history"]) == ("--", "--", "", [])
    assert "recorded_from" not in bug


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Hello", "Hello"),
        ("*** Bug 12 has been marked as a duplicate of this bug. ***", ""),
        ("Same thing.\n\n*** This bug has been marked as a duplicate of bug 12 ***", "Same thing."),
        ("Created attachment 9\nlamp.patch", ""),
        ("Created attachment 9\nlamp.patch\n\nThis lights it.\n\nTwice.", "This lights it.\n\nTwice."),
        ("Comment on attachment 9\nlamp.patch\n\nr=me", "r=me"),
        ("I have Created attachment 9\n\nby hand", "I have Created attachment 9\n\nby hand"),
    ],
)
def test_own_text_is_what_bugzilla_did_not_write(text: str, own: str) -> None:
    assert own_text(text) == own


# --- The real files --------------------------------------------------------------------------------


def test_recorded_raw_texts_agree_with_the_rule_for_missing_ones(recorded_world: World) -> None:
    """Of 1,252 comments with both forms, two very old ones hold a notice that a person typed."""
    with gzip.open(RECORDED / "bugzilla" / "bmo_rest_bugs_libmozdata.jsonl.gz", "rt") as text:
        comments = [one for line in text for one in json.loads(line).get("comments") or ()]
    both = [one for one in comments if "raw_text" in one]
    assert len(both) > 1000
    assert sum(own_text(one["text"]) != one["raw_text"] for one in both) <= 2


def test_ids_of_two_recorded_sets_interleave_in_time(recorded_world: World) -> None:
    """A bug of the REST interface lies in time between its neighbours by id from the dump of 2013."""
    bugs = [bug for bug in recorded_world.bugzilla if "2011-01" < (bug["creation_time"] or "") < "2012-12"]
    between = [
        (before["creation_time"], bug["creation_time"], after["creation_time"])
        for before, bug, after in zip(bugs, bugs[1:], bugs[2:], strict=False)
        if bug["comments"] and not before["comments"] and not after["comments"]
    ]
    assert len(between) >= 6
    assert [one for one in between if sorted(one) != list(one)] == []


def test_no_recorded_bug_is_changed_before_it_is_filed(recorded_world: World) -> None:
    dated = [bug for bug in recorded_world.bugzilla if bug["creation_time"] and bug["last_change_time"]]
    assert [bug["id"] for bug in dated if bug["last_change_time"] < bug["creation_time"]] == []


def test_machine_accounts_stay_among_the_people_and_are_told_by_their_login(recorded_world: World) -> None:
    logins = {entry["who"] for bug in recorded_world.bugzilla for entry in bug["history"]}
    classes = {login_class(login) for login in logins}
    assert {"machine", "closed", "mozilla", "other"} <= classes


def test_most_reporters_of_2013_are_numbers_only(recorded_world: World) -> None:
    numbers = {
        (bug["creator_detail"]["id"], bool(bug["creator"]))
        for bug in recorded_world.bugzilla
        if bug.get("creator_detail") and not bug["comments"]
    }
    named = {number for number, has_login in numbers if has_login}
    assert 30 < len(named) < 60
    assert len({number for number, _ in numbers} - named) > 1000

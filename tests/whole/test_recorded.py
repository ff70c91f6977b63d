"""The main job on recorded real data: what is in the files is live in the lake, stream by stream.

The expected numbers are computed from the files here, without the project's readers.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import embedded
from pipelines.simulation.world import SOURCES as SERVED
from tests.whole.conftest import Once
from tests.whole.runs import RECORDED, current, land, records

pytestmark = pytest.mark.whole


def csv_rows(pattern: str) -> Iterator[dict[str, str]]:
    for path in sorted(RECORDED.glob(pattern)):
        with gzip.open(path) as raw:
            yield from csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))


def json_rows(pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(RECORDED.glob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


@pytest.fixture(scope="module")
def live(recorded: Once) -> dict[str, int]:
    assert recorded.first.code == 0, recorded.first.text
    return records(recorded.data)


def test_the_main_job_on_recorded_data_publishes(recorded: Once) -> None:
    assert recorded.first.code == 0, recorded.first.text
    assert (current(recorded.data) / "public.duckdb").exists()


def test_every_recorded_question_and_answer_is_live_once(live: dict[str, int]) -> None:
    questions = [
        row["id"] for pattern in ("firefox", "thunderbird") for row in csv_rows(f"sumo/{pattern}_questions_*")
    ]
    assert live["sumo/questions"] == len(set(questions))
    assert live["sumo/answers"] == len({row["id"] for row in csv_rows("sumo/thunderbird_answers_*.csv.gz")})
    assert live["sumo/users"] == 0  # no profile was recorded


def test_moved_questions_are_one_record_each(live: dict[str, int]) -> None:
    of = {
        name: {row["id"] for row in csv_rows(f"sumo/{name}_questions_*")}
        for name in ("firefox", "thunderbird")
    }
    moved = of["firefox"] & of["thunderbird"]
    assert moved
    assert live["sumo/questions"] == len(of["firefox"]) + len(of["thunderbird"]) - len(moved)


def test_every_recorded_rep_event_and_activity_is_live_once(live: dict[str, int]) -> None:
    people = [
        row for path in RECORDED.glob("reps/reps_joined_*.json") for row in json.loads(path.read_text())
    ]
    assert live["reps/people"] == len({person["display_name"] for person in people})
    assert live["reps/events"] == len({event["id"] for event in json_rows("reps/events_*")})
    assert live["reps/activities"] == sum(1 for _ in json_rows("reps/activities_*"))


def test_every_recorded_bug_with_its_parts_is_live_once(live: dict[str, int]) -> None:
    rest = list(json_rows("bugzilla/bmo_rest_bugs_*"))
    bugs = {int(bug["id"]) for bug in rest}
    bugs |= {int(row["bug_id"]) for row in csv_rows("bugzilla/firefox2013_bugs_*")}
    bugs |= {int(row["Bug ID"]) for row in csv_rows("bugzilla/buglist_export_*")}
    assert live["bugzilla/bugs"] == len(bugs)
    assert live["bugzilla/comments"] == len({c["id"] for bug in rest for c in bug.get("comments", [])})
    attachments = [attachment for bug in rest for attachment in bug.get("attachments", [])]
    assert live["bugzilla/attachments"] == len({a["id"] for a in attachments if "id" in a})
    changes = {
        (bug["id"], entry["when"], entry["who"], change["field_name"], change.get("attachment_id"),
         change.get("comment_id"), change["added"], change["removed"])
        for bug in rest for entry in bug.get("history", []) for change in entry["changes"]
    }  # fmt: skip
    assert live["bugzilla/changes"] == len(changes)


def test_every_person_named_by_a_pontoon_sync_is_one_action(live: dict[str, int]) -> None:
    """A sync commit of Pontoon x each person it names, counted with another parser than the project's."""
    named = set()
    for commit in json_rows("pontoon/commits_*"):
        if not re.match(r"Pontoon(/[^:]*)?:", commit["message"]):
            continue
        people = set(
            re.findall(r"^Co-authored-by:.*<([^<>\n]*)>\s*$", commit["message"], re.MULTILINE | re.IGNORECASE)
        )
        people = {address.lower() for address in people} or {commit["author_email"].lower()}
        named |= {(commit["sha"], address) for address in people}
    assert live["pontoon/user_actions"] == len(named)


def test_landing_the_same_again_writes_no_version(recorded: Once) -> None:
    with embedded.community(recorded=RECORDED) as (_, variables):
        for source in SERVED:
            for again in land(source, variables[f"MDM_{source.upper()}_URL"], recorded.data):
                assert again.refused == ()
                assert not any(again.written.values()), again.written


def test_every_record_set_aside_is_counted_with_its_reason(recorded: Once) -> None:
    told = [line for line in recorded.first.out.splitlines() if line.startswith("set aside in ")]
    assert told
    assert all(re.fullmatch(r"set aside in \S+.*: [\d,]+ \(.+\)", line) for line in told)


def test_activities_are_counted_or_set_aside_with_a_reason(recorded: Once) -> None:
    with duckdb.connect(str(recorded.data / "warehouse.duckdb"), read_only=True) as connection:
        reasons = connection.execute(
            "select distinct set_aside_reason from marts.fct_activity_set_aside"
        ).fetchall()
    assert {reason for (reason,) in reasons} >= {"bot", "asker_is_answerer", "passive_report"}


def test_no_address_of_a_real_person_is_under_the_data_folder(recorded: Once) -> None:
    """Recorded addresses have a hashed local part: u and twelve hex digits."""
    address = re.compile(rb"u[0-9a-f]{12}(\+[a-z0-9]+)?@")
    holding = [path for path in _files(recorded.data) if address.search(path.read_bytes())]
    assert holding == []


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())

"""Recorded worlds as a whole: what is read, what is set aside, and that every record can be landed."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.border import border_table
from pipelines.simulation.recorded import read_world
from pipelines.simulation.world import SOURCES, World
from pipelines.sources import bugzilla, pontoon, reps, sumo
from pipelines.sources.pontoon import CLOSES_AFTER
from pipelines.sources.spec import Row, Stream, trailing_number
from tests.simulation.invented_sets import (
    ACTIVITY,
    ALUMNA,
    QUESTION,
    answers,
    commits,
    lines,
    people,
    questions,
    table,
)


def in_clear(_kind: str, value: Any) -> str | None:
    """Stands in for the pseudonymiser: an empty value has no pseudonym."""
    return str(value) if value not in (None, "") else None


def landed(stream: Stream, records: Iterable[dict[str, Any]]) -> list[Row]:
    """The rows as they pass the border; of a key met twice one is left."""
    rows = [row for record in records for row in stream.rows(record, in_clear)]
    return border_table(stream, rows, in_clear, "batch", datetime.now(UTC)).to_pylist()


def keys_of(stream: Stream, rows: list[Row]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in stream.key) for row in rows]


def test_a_folder_without_any_set_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "sumo").mkdir()
    (tmp_path / "sumo" / "README.md").write_text("nothing")
    with pytest.raises(ValueError, match="no recorded data here; expected files like"):
        read_world(tmp_path)


def test_sets_are_found_by_pattern_under_the_names_of_other_periods(tmp_path: Path) -> None:
    questions(
        tmp_path, "firefox", {"created": "2031-01-02 03:04:05 -0800", "updated": "2031-01-02 03:04:05 -0800"}
    )
    (tmp_path / "sumo" / "firefox_questions_2024.csv.gz").rename(
        tmp_path / "sumo" / "firefox_questions_2031_q1.csv.gz"
    )
    world = read_world(tmp_path)
    assert [one["id"] for one in world.sumo.questions] == [1]
    assert world.now["sumo"] == datetime(2031, 1, 3, tzinfo=UTC)


def test_a_missing_set_leaves_its_part_of_the_world_empty(tmp_path: Path) -> None:
    commits(tmp_path, {})
    world = read_world(tmp_path)
    assert len(world.pontoon.actions) == 1
    assert (world.bugzilla, world.sumo.questions, world.sumo.answers, world.reps.people) == ([], [], [], [])
    assert world.since["sumo"] is None
    assert set(world.now) == set(SOURCES)


def test_a_set_without_one_of_its_columns_is_named(tmp_path: Path) -> None:
    table(
        tmp_path / "sumo" / "firefox_questions_2024.csv.gz",
        [{k: v for k, v in QUESTION.items() if k != "topic"}],
    )
    with pytest.raises(ValueError, match=r"firefox_questions_2024\.csv\.gz: expected the columns topic"):
        read_world(tmp_path)


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    questions(tmp_path, "firefox", *({"id": str(number)} for number in range(200)))
    path = tmp_path / "sumo" / "firefox_questions_2024.csv.gz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"firefox_questions_2024\.csv\.gz: cannot be read to its end"):
        read_world(tmp_path)


@pytest.mark.parametrize("broken", ["yesterday", "2024-02-31 10:00:00 -0800"])
def test_a_stamp_that_is_none_is_told_without_its_value(tmp_path: Path, broken: str) -> None:
    questions(tmp_path, "firefox", {"created": broken})
    with pytest.raises(ValueError, match="not in the form this set is known in") as refused:
        read_world(tmp_path)
    assert broken not in str(refused.value)


def test_a_line_that_is_no_object_names_its_file(tmp_path: Path) -> None:
    lines(tmp_path / "reps" / "activities_2011.jsonl.gz", [ACTIVITY])
    with gzip.open(tmp_path / "reps" / "activities_2011.jsonl.gz", "at") as text:
        text.write("[1]\n")
    with pytest.raises(ValueError, match=r"activities_2011\.jsonl\.gz: expected an object in line 2"):
        read_world(tmp_path)


def test_files_of_no_known_set_are_counted_with_a_reason(tmp_path: Path) -> None:
    people(tmp_path, ALUMNA)
    questions(tmp_path, "firefox", {})
    lines(tmp_path / "reps" / "reports_2011_2017h1.jsonl.gz", [{"id": 1}, {"id": 2}])
    lines(tmp_path / "bugzilla" / "code_commits" / "lamp.jsonl.gz", [{"sha": "1"}])
    table(tmp_path / "sumo" / "odd.csv.gz", [{"a": "1"}, {"a": "two\nlines"}])
    aside = {(one.source, one.input_set): one for one in read_world(tmp_path).set_aside}
    assert aside["reps", "reports_2011_2017h1.jsonl.gz"].records == 2
    assert aside["bugzilla", "code_commits"].records == 1
    assert aside["sumo", "odd.csv.gz"].records == 2
    assert "no set that is known" in aside["sumo", "odd.csv.gz"].reason


def test_clocks_stand_after_every_day_that_has_to_be_closed(tmp_path: Path) -> None:
    questions(tmp_path, "thunderbird", {})
    answers(tmp_path, {"created": "2025-12-01 00:00:00 +0000", "updated": "2025-12-01 00:00:00 +0000"})
    commits(tmp_path, {})
    world = read_world(tmp_path)
    assert world.now["sumo"] == datetime(2024, 2, 2, tzinfo=UTC)
    assert [one["created"] for one in world.sumo.answers] == ["2025-12-01T00:00:00Z"]
    assert world.now["pontoon"] - CLOSES_AFTER == datetime(2022, 3, 5, tzinfo=UTC)
    assert world.since["pontoon"] == datetime(2022, 3, 4, tzinfo=UTC)


# --- The real files --------------------------------------------------------------------------------


def test_every_recorded_bug_passes_the_border_with_keys_of_its_own(recorded_world: World) -> None:
    told_often = (bugzilla.USERS, bugzilla.LOGINS)
    for stream in bugzilla.SOURCE.feeds[0].streams:
        keys = keys_of(stream, landed(stream, recorded_world.bugzilla))
        assert keys, stream.name
        assert stream in told_often or len(keys) == len(set(keys)), stream.name


def test_every_recorded_action_passes_the_border_with_a_key_of_its_own(recorded_world: World) -> None:
    world = recorded_world.pontoon
    projects = {
        project["slug"]: {key: project[key] for key in ("pk", "slug", "name")} for project in world.projects
    }
    actions = [{**one, "project": projects[slug]} for (slug, _), day in world.actions.items() for one in day]
    for stream, records in (
        (pontoon.USER_ACTIONS, actions),
        (pontoon.LOCALES, world.locales),
        (pontoon.PROJECTS, world.projects),
    ):
        keys = keys_of(stream, landed(stream, records))
        assert len(keys) == len(set(keys)) == len(records), stream.name


def test_recorded_questions_and_answers_pass_the_border(recorded_world: World) -> None:
    world = recorded_world.sumo
    for stream, records in ((sumo.QUESTIONS, world.questions), (sumo.ANSWERS, world.answers)):
        assert len({record["id"] for record in records}) == len(records)
        assert len(landed(stream, records[::7])) == len(records[::7])


def test_every_recorded_rep_event_and_activity_passes_the_border(recorded_world: World) -> None:
    world = recorded_world.reps
    for stream, records in (
        (reps.PEOPLE, world.people),
        (reps.EVENTS, world.events),
        (reps.ACTIVITIES, world.activities),
    ):
        numbered = [{**record, "_number": trailing_number(record["_url"])} for record in records]
        keys = keys_of(stream, landed(stream, numbered))
        assert len(keys) == len(set(keys)) == len(records), stream.name


def test_everything_set_aside_has_a_reason_and_a_number(recorded_world: World) -> None:
    assert recorded_world.set_aside
    assert all(one.records > 0 and one.reason and one.source in SOURCES for one in recorded_world.set_aside)
    named = [(one.source, one.input_set, one.reason) for one in recorded_world.set_aside]
    assert len(named) == len(set(named))

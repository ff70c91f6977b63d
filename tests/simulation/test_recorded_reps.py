"""Recorded Reps: owners without a role, reports without a number, days without a zone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.simulation.recorded import read_world
from pipelines.simulation.world import World
from pipelines.sources.reps_archive import ATTENDANCES
from tests.simulation.conftest import Load
from tests.simulation.invented_sets import ALUMNA, activities, events, people


def person(name: str, role: str | None = None, full_name: str | None = None) -> dict[str, Any]:
    return {"display_name": name, "profile": "reps", "full_name": full_name, "role": role}


def owner_of(directory: Path, *attendees: dict[str, Any]) -> dict[str, Any] | None:
    events(directory, {"attendees": list(attendees)})
    (event,) = read_world(directory).reps.events
    return event["owner"]


def test_the_owner_is_who_has_the_role(tmp_path: Path) -> None:
    owner = owner_of(tmp_path, person("bo", "Rep attendee"), person("ana", "Organizer", "Ana Lamp"))
    assert owner is not None
    assert (owner["display_name"], owner["first_name"]) == ("ana", "Ana Lamp")


def test_the_owner_is_the_first_of_a_long_list_without_roles(tmp_path: Path) -> None:
    owner = owner_of(tmp_path, *(person(name) for name in ("ana", "bo", "cy", "di")))
    assert owner is not None
    assert owner["display_name"] == "ana"
    assert [(one.reason, one.records) for one in read_world(tmp_path).set_aside] == [(ATTENDANCES, 3)]


def test_an_event_that_nobody_attends_has_no_owner(tmp_path: Path) -> None:
    assert owner_of(tmp_path) is None


def test_an_event_known_from_its_page_alone_starts_when_the_page_says(tmp_path: Path) -> None:
    unknown = dict.fromkeys(
        ("start", "end", "timezone", "estimated_attendance", "categories", "organized_by")
    )
    events(tmp_path, unknown)
    (event,) = read_world(tmp_path).reps.events
    assert (event["start"], event["end"]) == ("2014-05-06T10:00:00Z", "2014-05-06T12:00:00Z")
    assert (event["timezone"], event["estimated_attendance"], event["categories"]) == ("", None, [])


def test_texts_that_were_numbers_are_numbers_again(tmp_path: Path) -> None:
    events(tmp_path, {"estimated_attendance": "2000000"})
    (event,) = read_world(tmp_path).reps.events
    assert (event["estimated_attendance"], event["lat"], event["lon"]) == (2_000_000, 1.5, -2.5)
    assert (event["country"], event["hashtag"], event["initiative"]) == ("Côte d’Ivoire", "", None)


def test_one_display_name_has_one_number_everywhere(tmp_path: Path) -> None:
    mentor = {
        "first_name": "Cy",
        "last_name": "C",
        "display_name": "cy",
        "_url": "https://reps.mozilla.org/api/remo/v1/users/42/",
    }
    people(
        tmp_path,
        ALUMNA,
        {"first_name": "Bo", "last_name": "B", "display_name": "bo", "mentor": mentor, "remo_url": "x"},
    )
    events(tmp_path, {}, {"id": 8, "attendees": [person("cy")]})
    activities(tmp_path, {}, {"user": "Ana"})
    world = read_world(tmp_path).reps
    ana, bo = world.people
    assert ana["_url"] == world.events[0]["owner"]["_url"] == world.activities[0]["user"]["_url"]
    assert bo["mentor"]["_url"] == world.events[1]["owner"]["_url"] == mentor["_url"]
    assert world.activities[1]["user"]["_url"] not in (ana["_url"], bo["_url"])


def test_who_left_is_served_and_both_forms_of_a_day_are_days(tmp_path: Path) -> None:
    people(
        tmp_path,
        ALUMNA,
        {
            "first_name": "Bo",
            "last_name": "B",
            "display_name": "bo",
            "date_joined_program": "2013-09-15",
            "date_left_program": None,
        },
    )
    activities(tmp_path, {})
    ana, bo = read_world(tmp_path).reps.people
    assert (ana["date_joined_program"], ana["date_left_program"], ana["first_name"]) == (
        "2012-05-09",
        "2016-01-02",
        "Ana Lamp",
    )
    assert (bo["date_joined_program"], bo["date_left_program"]) == ("2013-09-15", None)
    assert set(ana) == set(bo)


@pytest.mark.parametrize(
    ("kind", "is_passive"),
    [("Organized an Event", True), ("Attended an Event", True), ("Completed post-event metrics", True),
     ("Month recap", False), ("Participated in a campaign", False)],
)  # fmt: skip
def test_what_the_portal_writes_by_itself_is_passive(tmp_path: Path, kind: str, is_passive: bool) -> None:
    activities(tmp_path, {"activity": kind})
    assert [one["passive_report"] for one in read_world(tmp_path).reps.activities] == [is_passive]


def test_exact_duplicates_are_all_served_with_a_number_each(tmp_path: Path) -> None:
    activities(tmp_path, {}, {}, {"report_date": "2014-05-07"})
    world = read_world(tmp_path)
    assert [one["_url"].rsplit("/", 2)[1] for one in world.reps.activities] == ["1", "2", "3"]
    assert world.set_aside == []


def test_a_day_typed_beyond_the_portal_does_not_move_its_clock(tmp_path: Path) -> None:
    activities(tmp_path, {"report_date": "2016-02-29"}, {"report_date": "2106-02-28"})
    world = read_world(tmp_path)
    assert world.now["reps"] == datetime(2016, 3, 1, tzinfo=UTC)
    assert len(world.reps.activities) == 2


@pytest.mark.parametrize(
    ("kind", "answer"), [("people", "users"), ("events", "events"), ("activities", "activities")]
)
def test_records_have_the_keys_of_recorded_answers(
    tmp_path: Path, recorded: Load, kind: str, answer: str
) -> None:
    """Beside `_url`, which the server takes out of a detail, and two fields that the portal got later."""
    people(tmp_path, ALUMNA)
    events(tmp_path, {})
    activities(tmp_path, {})
    (record,) = getattr(read_world(tmp_path).reps, kind)
    later = {"mobilising_skills", "mobilising_interests"}
    assert set(record) - {"_url"} - later == set(recorded(f"reps/api_samples/remo_{answer}.json"))


# --- The real files --------------------------------------------------------------------------------


def test_recorded_events_name_their_organiser_in_one_place_or_another(recorded_world: World) -> None:
    without = [event for event in recorded_world.reps.events if event["owner"] is None]
    assert len(without) == 1
    assert all(event["start"] and event["start"] <= event["end"] for event in recorded_world.reps.events)


def test_recorded_reports_after_an_event_are_empty_as_the_portal_wrote_them(recorded_world: World) -> None:
    kinds = Counter(
        bool(one["activity_description"] or one["initiative"])
        for one in recorded_world.reps.activities
        if one["activity"] == "Completed post-event metrics"
    )
    assert set(kinds) == {False}


def test_recorded_alumni_are_among_the_people(recorded_world: World) -> None:
    left = [one for one in recorded_world.reps.people if not one["groups"]]
    assert len(left) > len(recorded_world.reps.people) / 2

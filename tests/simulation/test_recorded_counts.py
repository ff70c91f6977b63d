"""How many records the recorded files hold, counted without the project's readers, beside the world's."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from pipelines.simulation.recorded import bugzilla, pontoon, sumo
from pipelines.simulation.world import World
from tests.simulation.conftest import RECORDED

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded data (../shared/recorded) is not here"
)


def frame(pattern: str) -> pd.DataFrame:
    return pd.concat(
        [pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(RECORDED.glob(pattern))]
    )


def records(pattern: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(RECORDED.glob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8") as text:
            found += map(json.loads, text)
    return found


def aside(world: World, source: str, *reasons: str) -> int:
    return sum(one.records for one in world.set_aside if one.source == source and one.reason in reasons)


def test_questions_and_answers(recorded_world: World) -> None:
    firefox, thunderbird = frame("sumo/firefox_questions_*"), frame("sumo/thunderbird_questions_*")
    answered = frame("sumo/thunderbird_answers_*")
    asked = set(firefox["id"]) | set(thunderbird["id"])
    served = {str(one["id"]) for one in recorded_world.sumo.questions}
    assert served == asked
    assert {str(one["id"]) for one in recorded_world.sumo.answers} == set(answered["id"])
    assert recorded_world.sumo.users == []
    both = set(firefox["id"]) & set(thunderbird["id"])
    assert aside(recorded_world, "sumo", sumo.MOVED) == len(both)
    again = aside(recorded_world, "sumo", sumo.MOVED, sumo.TWO_ZONES, sumo.REPEATED, sumo.CONFLICTING)
    rows = len(firefox) + len(thunderbird) + len(answered)
    assert len(served) + len(recorded_world.sumo.answers) + again == rows


def test_the_figures_of_the_recording(recorded_world: World) -> None:
    assert len(recorded_world.sumo.questions) == 135_014
    assert len(recorded_world.sumo.answers) == 69_941
    assert aside(recorded_world, "sumo", sumo.MOVED) == 106
    assert aside(recorded_world, "sumo", sumo.TWO_ZONES) == 49
    assert len(recorded_world.bugzilla) == 13_750
    assert (len(recorded_world.reps.people), len(recorded_world.reps.events)) == (664, 6_011)
    assert len(recorded_world.reps.activities) == 18_805


def test_bugs(recorded_world: World) -> None:
    dumped = frame("bugzilla/firefox2013_bugs_*")["bug_id"]
    listed = frame("bugzilla/buglist_export_*")["Bug ID"]
    rest = records("bugzilla/bmo_rest_bugs_*")
    served = {bug["id"] for bug in recorded_world.bugzilla}
    assert served == {*map(int, dumped), *map(int, listed), *(bug["id"] for bug in rest)}
    rows = len(dumped) + len(listed) + len(rest)
    assert len(served) + aside(recorded_world, "bugzilla", bugzilla.MERGED) == rows


def test_changes_comments_and_attachments_of_bugs(recorded_world: World) -> None:
    rest = records("bugzilla/bmo_rest_bugs_*")
    changes = {
        (bug["id"], entry["when"], entry["who"], *sorted(map(str, change.items())))
        for bug in rest
        for entry in bug.get("history") or ()
        for change in entry["changes"]
    }
    served = recorded_world.bugzilla
    assert sum(len(entry["changes"]) for bug in served for entry in bug["history"]) == len(changes)
    comments = {one["id"] for bug in rest for one in bug.get("comments") or ()}
    assert {one["id"] for bug in served for one in bug["comments"]} == comments
    attachments = [one.get("id") for bug in rest for one in bug.get("attachments") or ()]
    assert {one["id"] for bug in served for one in bug["attachments"]} == set(attachments) - {None}
    assert aside(recorded_world, "bugzilla", bugzilla.NO_NUMBER) == attachments.count(None)


def test_accounts_seen_with_their_number(recorded_world: World) -> None:
    users = frame("bugzilla/bmo_rest_users*")
    reporters = set(frame("bugzilla/firefox2013_bugs_*")["reporter"])
    pairs = {
        (bug[f"{role}_detail"]["id"], bug[role])
        for bug in records("bugzilla/bmo_rest_bugs_*")
        for role in ("creator", "assigned_to")
        if bug.get(role) and bug.get(f"{role}_detail")
    }
    pairs |= {
        (int(number), login)
        for number, login in zip(users["id"], users["email"], strict=True)
        if number in reporters
    }
    served = {
        (bug[f"{role}_detail"]["id"], bug[role])
        for bug in recorded_world.bugzilla
        for role in ("creator", "assigned_to")
        if bug.get(role) and (bug.get(f"{role}_detail") or {}).get("id")
    }
    assert served == pairs


def test_user_actions_locales_and_projects(recorded_world: World) -> None:
    """A person, a locale and a sync commit: counted with one plain expression a form of the message."""
    people: set[tuple[str, str, str]] = set()
    locales: set[str] = set()
    repositories: set[str] = set()
    others = 0
    for commit in records("pontoon/commits_*"):
        subject, *rest = commit["message"].split("\n")
        if not subject.startswith("Pontoon: Update"):
            others += 1
            continue
        code = re.findall(r"\(([\w-]+)\) localization of ", subject)[-1]
        named = [line.split("<")[-1].split(">")[0] for line in rest if "<" in line and line[:1] in "C-"]
        people |= {(commit["sha"], address, code) for address in named or [commit["author_email"]]}
        locales.add(code)
        repositories.add(commit["repo"])
    served = [
        (one["type"], one["date"], one["translation"]["pk"])
        for day in recorded_world.pontoon.actions.values()
        for one in day
    ]
    assert len(served) == len(set(served)) == len(people)
    assert {row["code"] for row in recorded_world.pontoon.locales} == locales
    assert len(recorded_world.pontoon.projects) == len(repositories)
    assert aside(recorded_world, "pontoon", pontoon.NO_SYNC) == others


def test_people_events_and_activities_of_reps(recorded_world: World) -> None:
    people = [one for path in RECORDED.glob("reps/reps_joined_*") for one in json.loads(path.read_text())]
    world = recorded_world.reps
    assert {one["display_name"] for one in world.people} == {one["display_name"] for one in people}
    events = {one["id"] for one in records("reps/events_*")}
    assert {int(one["_url"].rsplit("/", 2)[1]) for one in world.events} == events
    acts = [
        (one["user"], one["report_date"], one["activity"], one["activity_description"])
        for one in records("reps/activities_*")
    ]
    served = Counter(
        (one["user"]["display_name"], one["report_date"], one["activity"], one["activity_description"])
        for one in world.activities
    )
    assert served == Counter(acts)
    assert sum(served.values()) - len(served) > 1_000

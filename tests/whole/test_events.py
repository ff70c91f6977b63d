"""One thing happens to a loaded source; one ordinary run a day later, on still data, misses nothing of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pipelines import run
from pipelines.lake import Lake
from pipelines.simulation.generator import generate
from pipelines.simulation.servers import living
from pipelines.simulation.servers.living import Living
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.simulation.world import SOURCES as SERVED
from pipelines.simulation.world import Record, World
from pipelines.sources import SOURCES
from tests.bench.endurance import A_WHILE, compared, prepare
from tests.whole.runs import land

Happening = Callable[[Living, np.random.Generator], None]


def refused(source: str, servers: Servers, data: Path) -> list[str]:
    """The sentences with which one ordinary run of a source was refused."""
    return [one for result in land(source, servers.roots[source], data) for one in result.refused]


@pytest.fixture(scope="module")
def world() -> World:
    return generate("small", 3)[0]


@pytest.fixture(scope="module")
def loaded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with everything that the still world holds."""
    data = tmp_path_factory.mktemp("loaded") / "data"
    prepare(data, world)
    with serve(world) as servers:
        for source in SERVED:
            assert not refused(source, servers, data)
    return data


def last_translation_deleted(one: Living, _chance: np.random.Generator) -> None:
    """The newest translation is deleted, with all its actions."""
    actions = one.records("actions")
    newest = max(actions.values(), key=lambda row: str(row["date"]))
    created = [row for row in actions.values() if row["translation"] == newest["translation"]]
    recent = min(str(row["date"]) for row in created)
    assert recent > "2026-07-01", "all of it lies in the week that is read again every day"
    number = newest["translation"]["pk"]
    one.remove("actions", *(key for key, row in actions.items() if row["translation"]["pk"] == number))


def question_deleted(one: Living, _chance: np.random.Generator) -> None:
    """A question of the last weeks goes, with its answers."""
    questions = one.records("questions")
    newest = max((row for row in questions.values() if row["answers"]), key=lambda row: str(row["created"]))
    one.remove("answers", *map(str, newest["answers"]))
    one.remove("questions", str(newest["id"]))


def equal_times(one: Living, _chance: np.random.Generator) -> None:
    """A bulk edit: more rows with one `updated` than a page holds, in an order that says nothing."""
    now = one.tick()
    rows = list(one.records("questions").values())[:50]
    one.change(
        "questions", [{**row, "updated": now, "num_votes": row["num_votes"] + 1} for row in reversed(rows)]
    )


def project_made_private(one: Living, _chance: np.random.Generator) -> None:
    projects = one.records("projects")
    slug = max(projects, key=lambda name: sum(name in key for key in one.records("actions")))
    one.edit("projects", slug, visibility="private")
    gone = [key for key, row in one.records("actions").items() if row["project"]["slug"] == slug]
    one.remove("actions", *gone)


HAPPENINGS: list[tuple[str, Happening]] = [
    ("bugzilla", living.bug_edited),
    ("bugzilla", living.information_asked),
    ("bugzilla", living.bug_edited_silently),
    ("bugzilla", living.bug_hidden),
    ("bugzilla", living.bug_grouped),
    ("sumo", living.question_answered),
    ("sumo", living.question_solved),
    ("sumo", living.question_backdated),
    ("sumo", living.revision_saved),
    ("sumo", question_deleted),
    ("sumo", equal_times),
    ("pontoon", last_translation_deleted),
    ("pontoon", project_made_private),
    ("discourse", living.old_topic_bumped),
    ("discourse", living.post_edited),
    ("discourse", living.post_moved),
    ("discourse", living.post_deleted),
    ("discourse", living.topic_deleted),
    ("reps", living.report_backdated),
    ("reps", living.report_deleted),
]


@pytest.mark.parametrize(
    ("source", "happening"), HAPPENINGS, ids=lambda value: getattr(value, "__name__", value)
)
def test_one_run_after_one_event_holds_the_source_as_it_is(
    source: str, happening: Happening, world: World, loaded: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(loaded, data)
    with serve(world) as servers:
        before = servers.living[source]
        happening(before, np.random.default_rng(5))
        servers.advance(timedelta(days=1))
        assert not refused(source, servers, data)
        for held in compared(SOURCES[source], servers, data):
            assert (held.lost, held.stale, held.surplus) == (0, 0, 0), held


RENAMED: list[tuple[str, Happening]] = [
    ("bugzilla", living.login_changed),
    ("sumo", living.username_changed),
    ("pontoon", living.translator_renamed),
    ("discourse", living.author_renamed),
    ("reps", living.rep_renamed),
]


@pytest.mark.parametrize(
    ("source", "happening"), RENAMED, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_new_name_is_everywhere_once_everything_was_read_again(
    source: str, happening: Happening, world: World, loaded: Path, tmp_path: Path
) -> None:
    """Nothing tells of a name that changed: the declared re-reads meet it, and nothing is there twice."""
    data = tmp_path / "data"
    shutil.copytree(loaded, data)
    with serve(world) as servers:
        for seed in range(3):
            happening(servers.living[source], np.random.default_rng(seed))
        before = servers.records(source, PEOPLE[source])
        assert any("renamed-" in str(row) for row in before.values())
        servers.advance(A_WHILE)
        assert not refused(source, servers, data)
        for held in compared(SOURCES[source], servers, data):
            assert (held.lost, held.stale, held.surplus) == (0, 0, 0), held


PEOPLE = {"bugzilla": "bugs", "sumo": "users", "pontoon": "actions", "discourse": "posts", "reps": "people"}
"""A stream of the servers in which people's names stand."""


@pytest.mark.parametrize("source", SERVED)
def test_a_page_that_fails_once_costs_nothing(source: str, world: World, tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare(data, world)
    with serve(world, faults=f"{source}.http500@2") as servers:
        assert not refused(source, servers, data)
        for held in compared(SOURCES[source], servers, data):
            assert (held.lost, held.stale, held.surplus) == (0, 0, 0), held


def test_a_category_is_read_with_what_is_in_a_tag_too_and_goes_when_it_is_chosen_no_more(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags and categories overlap; every topic and post of either is there once, and no other."""
    data = tmp_path / "data"
    prepare(data, world)

    def is_chosen(topic: Record, tag: str | None, category: int | None) -> bool:
        return tag in topic["tags"] or topic["category_id"] == category

    with serve(world) as servers:
        monkeypatch.setenv("MDM_DISCOURSE_URL", servers.roots["discourse"])
        for tag, category in (("announcement", 6), (None, 6), ("announcement", None)):
            monkeypatch.setenv("MDM_DISCOURSE_TAGS", tag or "")
            monkeypatch.setenv("MDM_DISCOURSE_CATEGORIES", str(category or ""))
            (result,) = run.land_source(data, SOURCES["discourse"], run_id="test")
            assert not result.refused
            topics = servers.records("discourse", "topics").values()
            chosen = {str(topic["id"]) for topic in topics if is_chosen(topic, tag, category)}
            posts = servers.records("discourse", "posts").values()
            theirs = {str(post["id"]) for post in posts if str(post["topic_id"]) in chosen}
            assert 0 < len(chosen) < len(topics)
            assert set(Lake(data).live("discourse", "topics")) == chosen
            assert set(Lake(data).live("discourse", "posts")) == theirs
            servers.advance(timedelta(days=1))

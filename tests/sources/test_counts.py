"""What is stored is held against what the source itself counts, and a row that it hides from us is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import cli, status
from pipelines.lake import Lake
from pipelines.landing import Landing
from pipelines.simulation.generator import generate
from pipelines.simulation.servers import bugzilla as bugzilla_server
from pipelines.simulation.servers import discourse as discourse_server
from pipelines.simulation.servers.http_server import Handler, Request, Response, Server
from pipelines.simulation.world import DiscourseWorld, World
from pipelines.sources import SOURCES
from pipelines.sources.spec import Source, Span, stamp
from tests.scripted import client_of
from tests.sources.test_topics import Forum, Reader, run

NOW = datetime(2026, 7, 9, 12, tzinfo=UTC)
SINCE = datetime(2025, 9, 1, tzinfo=UTC)
BUGZILLA, DISCOURSE = SOURCES["bugzilla"], SOURCES["discourse"]


@pytest.fixture(scope="module")
def world() -> World:
    return generate("small", 1)[0]


@contextmanager
def served(handler: Handler) -> Iterator[tuple[str, list[Request]]]:
    """The handler on a port of its own, by the clock of NOW; what it was asked."""
    asked: list[Request] = []

    def noted(request: Request) -> Response:
        asked.append(request)
        return handler(request)

    server = Server(noted, 0, lambda: NOW, 0.0, None)
    try:
        yield server.root, asked
    finally:
        server.close()


def landed(data: Path, source: Source, handler: Handler, span: Span = Span()) -> list[Request]:  # noqa: B008
    """Read the source's first feed; what was asked."""
    work = Landing(Lake(data), run_id="run", gates={}, hash_key=b"a key for tests only", span=span)
    with served(handler) as (root, asked), client_of(root, source) as client:
        assert work.feed(source, source.feeds[0], client).refused == ()
    return asked


def counted(data: Path, source: Source) -> dict[tuple[str, str], tuple[Any, int, int]]:
    """(stream, window) -> where it begins, what the source counts, what is stored."""
    return {
        (row["stream"], row["window_name"]): (row["window_start"], row["source_count"], row["stored_count"])
        for row in status.counts(Lake(data), source)
    }


def searched(world: World, hidden: frozenset[int]) -> Handler:
    """Bugzilla whose searches leave out what its counts have in them."""
    every = bugzilla_server.interface(world.bugzilla, NOW)
    rest = bugzilla_server.interface([bug for bug in world.bugzilla if bug["id"] not in hidden], NOW)
    return lambda request: (every if request.last("count_only") else rest)(request)


@pytest.mark.parametrize("since", [None, SINCE], ids=["all", "from a day on"])
def test_bugs_are_held_against_bugzillas_count_of_the_window_that_was_asked_for(
    since: datetime | None, world: World, tmp_path: Path
) -> None:
    bugs = [bug for bug in world.bugzilla if since is None or bug["creation_time"] >= stamp(since)]
    recent = [bug for bug in bugs if bug["creation_time"] >= stamp(NOW - timedelta(days=30))]
    assert 10 < len(recent) < len(bugs) <= len(world.bugzilla)
    assert since is None or len(bugs) < len(world.bugzilla)
    hidden = frozenset({recent[0]["id"], bugs[0]["id"]})
    asked = landed(tmp_path, BUGZILLA, searched(world, hidden), Span(since=since))
    assert counted(tmp_path, BUGZILLA) == {
        ("bugs", "backfill"): (since, len(bugs), len(bugs) - 2),
        ("bugs", "last_30d"): (NOW - timedelta(days=30), len(recent), len(recent) - 1),
    }
    assert sum(request.last("count_only") is not None for request in asked) == 2


def test_status_tells_of_every_window_of_which_something_is_missing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = max(world.bugzilla, key=lambda bug: bug["creation_time"])
    landed(tmp_path, BUGZILLA, searched(world, frozenset({newest["id"]})), Span(since=SINCE))
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    cli.status_(as_json=False)
    told = capsys.readouterr().out
    shares = status.as_json(tmp_path, SOURCES.values())["sources"]["bugzilla"]["completeness"]["bugs"]
    assert 0.9 < shares["last_30d"] < shares["backfill"] < 1
    for window, words in (("backfill", "everything loaded"), ("last_30d", "last 30 days")):
        assert f"bugzilla/bugs: {shares[window]:.2%} of the records that the source counts, {words}" in told
    lines = {line.split()[0]: line for line in told.splitlines() if line.strip()}
    assert f"{shares['last_30d']:.2%}" in lines["bugzilla/bugs"]
    assert "no count" in lines["bugzilla/changes"]


@pytest.mark.parametrize("hidden", [0, 3])
def test_posts_are_held_against_what_discourse_counts_in_their_topics(
    hidden: int, world: World, tmp_path: Path
) -> None:
    forum = world.discourse
    shown = DiscourseWorld(forum.topics, forum.posts[hidden:])
    asked = landed(tmp_path, DISCOURSE, discourse_server.interface(shown))
    found = {("posts", "backfill"): (None, len(forum.posts), len(forum.posts) - hidden)}
    assert counted(tmp_path, DISCOURSE) == found
    assert {request.path.split("/")[1] for request in asked} == {"tag", "t"}, "a count costs no request"
    landed(tmp_path, DISCOURSE, discourse_server.interface(shown))
    assert counted(tmp_path, DISCOURSE) == found


def test_a_topic_that_no_list_shows_any_more_is_counted_with_its_posts(world: World, tmp_path: Path) -> None:
    forum = world.discourse
    landed(tmp_path, DISCOURSE, discourse_server.interface(forum))
    unlisted = [{**forum.topics[0], "visible": False}, *forum.topics[1:]]
    landed(tmp_path, DISCOURSE, discourse_server.interface(DiscourseWorld(unlisted, forum.posts)))
    assert counted(tmp_path, DISCOURSE) == {("posts", "backfill"): (None, len(forum.posts), len(forum.posts))}


def test_a_topic_that_grew_after_it_was_listed_is_counted_as_it_was_read(
    world: World, tmp_path: Path
) -> None:
    forum = world.discourse
    before = [replaced(topic, forum.topics[0]["id"]) for topic in forum.topics]
    lists = discourse_server.interface(DiscourseWorld(before, forum.posts))
    topics = discourse_server.interface(forum)
    landed(tmp_path, DISCOURSE, lambda request: (lists if "/tag/" in request.path else topics)(request))
    assert counted(tmp_path, DISCOURSE) == {("posts", "backfill"): (None, len(forum.posts), len(forum.posts))}


def replaced(topic: dict[str, Any], number: int) -> dict[str, Any]:
    return {**topic, "posts_count": topic["posts_count"] - (topic["id"] == number)}


def test_a_forum_that_does_not_tell_the_posts_of_every_topic_counts_nothing() -> None:
    class Silent(Forum):
        def _listed(self, number: int) -> dict[str, Any]:
            return {**super()._listed(number), "posts_count": None if number == 2 else 1}

    assert run(Reader(Silent({1: [100], 2: [200]})), {})[-1].counts == ()
    (count,) = run(Reader(Forum({1: [100], 2: [200, 201]})), {})[-1].counts
    assert (count.stream, count.records) == ("posts", 3)

"""The limiters of Bugzilla, Pontoon and Discourse as the real programs keep them, our client behind them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines import run, settings
from pipelines.embedded import PONTOON_TOKEN
from pipelines.lake import Lake
from pipelines.landing import Landing, block_of
from pipelines.simulation.servers import serve as serving
from pipelines.simulation.servers.http_server import TEXT, Handler, Request, Response, answer_json
from pipelines.simulation.servers.limits import (
    LIMITS,
    limited_bugzilla,
    limited_discourse,
    limited_pontoon,
    parse_limits,
)
from pipelines.simulation.servers.serve import serve
from pipelines.simulation.world import World
from pipelines.sources import SOURCES
from pipelines.sources.http import Client, SourceBlocked
from pipelines.sources.spec import parse_instant
from tests.bench.endurance import lift, prepare


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def fine(_request: Request) -> Response:
    return answer_json({})


def statuses(handler: Handler, path: str, times: int, **headers: str) -> list[int]:
    return [handler(Request("GET", path, headers=headers)).status for _ in range(times)]


def test_bugzilla_warns_once_and_then_blocks_every_path_for_an_hour_of_silence() -> None:
    clock = Clock()
    handler = limited_bugzilla(fine, clock)
    assert statuses(handler, "/rest/bug", 500) == [200] * 500, "searching is not limited"
    assert statuses(handler, "/rest/bug/7/comment", 75) == [200] * 75
    assert statuses(handler, "/rest/bug/7/history", 3) == [200] * 3
    assert statuses(handler, "/rest/bug/7", 75) == [200] * 75, "each kind is counted for itself"
    assert statuses(handler, "/rest/bug/7/comment", 2) == [400, 429]
    clock.now += 3599
    blocked = handler(Request("GET", "/rest/bug"))
    assert (blocked.status, blocked.content_type.split(";")[0], blocked.headers) == (429, "text/html", ())
    clock.now += 3599
    assert statuses(handler, "/rest/bug", 1) == [429], "asking meanwhile started the hour anew"
    clock.now += 3600
    assert statuses(handler, "/rest/bug/7/comment", 1) == [200]
    key = {"x-bugzilla-api-key": "a key"}
    assert statuses(handler, "/rest/bug/7/comment", 200, **key) == [200] * 200, "a key is not limited"


def test_pontoons_window_is_kept_alive_by_every_request() -> None:
    clock = Clock()
    handler = limited_pontoon(fine, clock, most=5)
    for _ in range(5):
        clock.now += 59
        assert statuses(handler, "/api/v2/locales/", 1) == [200]
    clock.now += 59
    refused = handler(Request("GET", "/api/v2/locales/"))
    assert (refused.status, dict(refused.headers)["Retry-After"]) == (429, "600")
    clock.now += 599
    assert statuses(handler, "/api/v2/locales/", 1) == [429]
    clock.now += 1
    assert statuses(handler, "/api/v2/locales/", 5) == [200] * 5
    clock.now += 61
    assert statuses(handler, "/api/v2/locales/", 5) == [200] * 5, "a minute of silence begins a new window"


def test_discourse_tells_how_long_to_wait_and_by_which_rule() -> None:
    clock = Clock()
    handler = limited_discourse(fine, clock)
    assert statuses(handler, "/latest.json", 50) == [200] * 50
    clock.now = 4.5
    refused = handler(Request("GET", "/latest.json"))
    assert (refused.status, refused.content_type) == (429, TEXT)
    told = dict(refused.headers)
    assert (told["Retry-After"], told["Discourse-Rate-Limit-Error-Code"]) == ("6", "ip_10_secs_limit")
    for start in (10.5, 20.5, 30.5):
        clock.now = start
        assert statuses(handler, "/latest.json", 49) == [200] * 49
    clock.now = 40.5
    assert statuses(handler, "/latest.json", 3) == [200, 200, 429], "the refused one counted, too"
    refused = handler(Request("GET", "/latest.json"))
    told = dict(refused.headers)
    assert (told["Retry-After"], told["Discourse-Rate-Limit-Error-Code"]) == ("20", "ip_60_secs_limit")
    clock.now += 20
    assert statuses(handler, "/latest.json", 1) == [200]


def test_a_load_waits_as_discourses_limiter_asks_and_loses_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, clock = tmp_path / "data", Clock()
    monkeypatch.setattr(serving, "time", SimpleNamespace(monotonic=clock))
    prepare(data, world)
    spec = SOURCES["discourse"]
    landing = Landing(Lake(data), run_id="t", gates={}, hash_key=settings.hash_key(data), span=run.Span())
    with (
        serve(world, limits=("discourse",)) as servers,
        Client(
            spec, servers.roots["discourse"], user_agent="t", paced=False, sleep=clock.sleep, clock=clock
        ) as client,
    ):
        assert landing.feed(spec, spec.feeds[0], client).refused == ()
        assert len(Lake(data).live("discourse", "posts")) == len(servers.records("discourse", "posts"))
        assert len(servers.requests["discourse"]) == client.spent.requests
    assert client.spent.waited_s >= 10


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("", set()),
        ("all", set(LIMITS)),
        ("pontoon", {"pontoon"}),
        ("bugzilla, pontoon", {"bugzilla", "pontoon"}),
    ],
)
def test_limits_are_named_by_source(spec: str, found: set[str]) -> None:
    assert parse_limits(spec) == found


@pytest.mark.parametrize("source", ["bugzilla", "pontoon"])
def test_a_landing_behind_the_real_limiter(source: str, world: World, tmp_path: Path) -> None:
    """Bugzilla's is never met, because nothing that it counts is asked. Pontoon's stops the run: what was
    landed stays, nothing more is asked, and how long to stay away is known."""
    data = tmp_path / "data"
    prepare(data, world)
    spec, token = SOURCES[source], PONTOON_TOKEN if source == "pontoon" else None
    landing = Landing(
        Lake(data),
        run_id="t",
        gates={},
        hash_key=settings.hash_key(data),
        span=run.span_of(run.world_of(data), spec, None, None),
    )
    with (
        serve(world, limits=(source,)) as servers,
        Client(spec, servers.roots[source], token=token, user_agent="tests", paced=False) as client,
    ):
        refused = [sentence for feed in spec.feeds for sentence in landing.feed(spec, feed, client).refused]
        if source == "bugzilla":
            assert refused == []
            return
        asked = len(servers.requests[source])
        assert "blocked by the source for 10 minutes" in refused[0]
        assert block_of(data, source) is not None
        with pytest.raises(SourceBlocked):
            client.get("/api/v2/locales/")
        assert 300 < asked <= 300 + spec.pace.connections
        assert len(servers.requests[source]) == asked


def test_a_load_that_is_blocked_again_and_again_goes_on_each_time_and_loses_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pontoon answers 300 requests and blocks: far fewer than a batch of records needs."""
    data, clock = tmp_path / "data", Clock()
    monkeypatch.setattr(serving, "time", SimpleNamespace(monotonic=clock))
    prepare(data, world)
    spec, lake = SOURCES["pontoon"], Lake(data)
    span = run.span_of(run.world_of(data), spec, world.now["pontoon"] - timedelta(days=180), None)
    actions, reached = spec.feeds[2], list[int]()
    with serve(world, limits=("pontoon",)) as servers:
        for _ in range(30):
            lift(data)
            clock.now += 601
            landing = Landing(lake, run_id="t", gates={}, hash_key=settings.hash_key(data), span=span)
            with Client(
                spec, servers.roots["pontoon"], token=PONTOON_TOKEN, user_agent="tests", paced=False
            ) as client:
                refused = [one for feed in spec.feeds for one in landing.feed(spec, feed, client).refused]
            cursor = lake.cursor("pontoon", actions)
            reached.append(sum(date.fromisoformat(on).toordinal() for on in cursor["next"].values()))
            if not refused:
                break
            assert "blocked by the source for 10 minutes" in refused[0]
        held = servers.records("pontoon", "actions").values()
    assert len(reached) > 3, "the limiter was met"
    assert reached == sorted(set(reached)), "each run goes on where the last one ended"
    assert not refused
    shown = [row for row in held if span.since <= parse_instant(row["date"])]
    state = lake.state(spec, actions, actions.streams[0])
    assert (state.records, state.versions) == (len(shown), len(shown))
    assert set(cursor["next"].values()) == {world.now["pontoon"].date().isoformat()}


def test_the_first_answer_over_bugzillas_limit_ends_our_asking(world: World) -> None:
    with (
        serve(world, limits=("bugzilla",)) as servers,
        Client(SOURCES["bugzilla"], servers.roots["bugzilla"], user_agent="tests", paced=False) as client,
    ):
        number = world.bugzilla[0]["id"]
        for _ in range(75):
            client.get(f"/rest/bug/{number}")
        for _ in range(3):
            with pytest.raises(SourceBlocked, match="60 minutes"):
                client.get(f"/rest/bug/{number}")
        assert len(servers.requests["bugzilla"]) == 76

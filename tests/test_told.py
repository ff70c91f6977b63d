"""What an operator sees of a fault: in the report of a run, in `mdm status`, in the log."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipelines import cli, run, status
from pipelines.landing import FeedResult
from pipelines.simulation.generator import generate
from pipelines.simulation.servers import faults
from pipelines.simulation.servers.serve import serve
from pipelines.simulation.world import World
from pipelines.sources import SOURCES, http
from pipelines.sources.http import SourceDown
from pipelines.sources.spec import parse_instant
from tests.bench.endurance import prepare
from tests.scripted import Reply, scripted
from tests.sources.test_pontoon import FIRST, Project, Server, closed, short, stored
from tests.whole.runs import land

CUT = "the body or the connection was cut"


@pytest.fixture(scope="module")
def world() -> World:
    return generate("small", 1)[0]


@pytest.fixture
def data(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the demo community."""
    prepare(tmp_path / "data", world)
    monkeypatch.setenv("MDM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MDM_VAULT", "off")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def requests_without_a_fault(world: World, tmp_path_factory: pytest.TempPathFactory) -> int:
    data = tmp_path_factory.mktemp("calm") / "data"
    prepare(data, world)
    with serve(world) as servers:
        return land("discourse", servers.roots["discourse"], data)[0].requests


def reported(data: Path, results: list[FeedResult], capsys: pytest.CaptureFixture[str]) -> str:
    """What `mdm run` prints at its end after these landings."""
    capsys.readouterr()
    cli._report(Console(width=400, soft_wrap=True), data, results, [], 1.0)
    return capsys.readouterr().out


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """What `mdm status` prints."""
    capsys.readouterr()
    cli.status_(as_json=False)
    return capsys.readouterr().out


# --- Failures that pass, and those that last ----------------------------------------------------

FAILURES = {
    "http500": r"an error of its own \(500\)",
    "reset": CUT,
    "truncate": CUT,
    "down": CUT,
    "slow": "no answer within 1.5 seconds",
}


def impatient(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less long for a slow answer than it takes, and longer than one takes on a busy machine."""
    if fault == "slow":
        monkeypatch.setattr(http, "ANSWER_WITHIN_S", 1.5)
        monkeypatch.setattr(faults, "SLOW_S", 3.0)


@pytest.mark.parametrize("fault", FAILURES)
def test_a_failure_that_passes_is_asked_again_and_not_told(
    fault: str, requests_without_a_fault: int, data: Path, world: World,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    impatient(fault, monkeypatch)
    with serve(world, faults=f"discourse.{fault}@2") as servers:
        monkeypatch.setenv("MDM_DISCOURSE_URL", servers.roots["discourse"])
        results = run.land_source(data, SOURCES["discourse"], run_id="t")
        assert results[0].requests == requests_without_a_fault + 1
        assert len(servers.records("discourse", "topics")) == results[0].written["topics"] > 30
        assert len(servers.records("discourse", "posts")) == results[0].written["posts"]
    assert results[0].refused == ()
    assert "old:" not in reported(data, results, capsys)


@pytest.mark.parametrize("fault", FAILURES)
def test_a_failure_that_lasts_is_told_with_its_reason_after_four_tries(
    fault: str, data: Path, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    impatient(fault, monkeypatch)
    with serve(world, faults=f"sumo.{fault}@3+") as servers:
        monkeypatch.setenv("MDM_SUMO_URL", servers.roots["sumo"])
        results = run.land_source(data, SOURCES["sumo"], run_id="t")
        assert len(servers.requests["sumo"]) <= 2 + 4 * SOURCES["sumo"].pace.connections
        assert servers.requests["sumo"][2:].count("/api/2/question/") >= 4
    (result,) = results
    (sentence,) = result.refused
    told = reported(data, results, capsys)
    assert f"old: sumo ({sentence}); its data ends at nothing" in told
    assert re.search(rf"gave {FAILURES[fault]}.*, 4 times, at /api/2/question/", sentence)
    state = status.as_json(data, SOURCES.values())["sources"]["sumo"]["streams"]["questions"]
    assert (state["verdict"], state["reason"]) == ("refused", sentence)


# --- Blocks --------------------------------------------------------------------------------------

BLOCKS = {
    "bugzilla 429": ("bugzilla", Reply(status=429, raw=b"<html>", content_type="text/html"), 60),
    "pontoon 403": ("pontoon", Reply(status=403, raw=b"<html>", content_type="text/html"), 10),
    "pontoon 406": ("pontoon", Reply(status=406, raw=b"<html>", content_type="text/html"), 10),
    "pontoon 429": ("pontoon", Reply(status=429, raw=b"<html>", content_type="text/html"), 10),
    "a long Retry-After": ("sumo", Reply({}, status=429, headers={"Retry-After": "900"}), 15),
    "a long Retry-After of a failure": ("discourse", Reply({}, 503, headers={"Retry-After": "900"}), 15),
}


@pytest.mark.parametrize(("source", "reply", "minutes"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_is_told_and_nothing_is_asked_before_it_is_over(
    source: str, reply: Reply, minutes: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name, value in (
        ("MDM_DATA", str(tmp_path)),
        ("MDM_HASH_KEY", "a key for tests only"),
        ("MDM_VAULT", "off"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(f"MDM_{source.upper()}_TOKEN", raising=False)
    run.begin(tmp_path, run.World())
    spec = SOURCES[source]
    with scripted(lambda _path, _number: reply) as (root, asked):
        monkeypatch.setenv(f"MDM_{source.upper()}_URL", root)
        results = run.land_source(tmp_path, spec, run_id="t")
        first = list(asked)
        assert 1 <= len(first) <= spec.pace.connections
        assert f"old: {source} (blocked by the source for {minutes} minutes, at /" in reported(
            tmp_path, results, capsys
        )
        until = re.search(rf"{source} asked us to stay away until (\S+)", shown(capsys))
        assert until is not None
        told = (parse_instant(until[1]) - datetime.now(UTC)).total_seconds()
        assert 60 * minutes - 30 < told < 60 * minutes + 2
        left = run.wait_for_block(tmp_path, spec)
        assert left is not None
        assert 60 * minutes - 30 < left < 60 * minutes + 2
        again = run.land_source(tmp_path, spec, run_id="t")
        assert asked == first
        assert "asked us to stay away until" in again[0].refused[0]
        block = tmp_path / "raw" / "_pipeline" / "blocks" / f"{source}.json"
        block.write_text(json.dumps({"until": "2026-01-01T00:00:00Z"}))
        run.land_source(tmp_path, spec, run_id="t")
        assert len(asked) > len(first), "the block is over"


@pytest.mark.parametrize("fault", ["throttle", "busy"])
def test_how_long_discourse_made_us_wait_is_told(
    fault: str, data: Path, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(world, faults=f"discourse.{fault}@1") as servers:
        monkeypatch.setenv("MDM_DISCOURSE_URL", servers.roots["discourse"])
        (result,) = run.land_source(data, SOURCES["discourse"], run_id="t")
    assert result.refused == ()
    assert 1 <= status.as_json(data, SOURCES.values())["sources"]["discourse"]["waited_s"] < 10
    assert "discourse: waited 1 s in its last run, as it asks" in shown(capsys)


# --- Days of Pontoon that fail, projects with another name --------------------------------------


class Failing(Server):
    """Pontoon of which some days of the project `one` fail."""

    failing: frozenset[str] = frozenset()

    def __call__(self, path: str, params: dict[str, Any]) -> Any:
        if path.endswith("/one/") and path.split("/")[4] in self.failing:
            raise SourceDown("an error of its own (500)")
        return super().__call__(path, params)


def owed(data: Path) -> list[list[str]]:
    found: list[list[str]] = status.as_json(data, SOURCES.values())["sources"]["pontoon"]["owed"]
    return found


def test_a_day_that_fails_alone_is_told_until_it_was_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    one, two = short(1, "one"), short(2, "two")
    server = Failing([one, two])
    server.failing = frozenset({"2026-06-03"})
    assert server.run(tmp_path).refused == ()
    assert owed(tmp_path) == [["one", "2026-06-03"]]
    assert "pontoon: failed alone, the next run asks again: one 2026-06-03\n" in shown(capsys)
    assert len(closed(server, one, two) - stored(tmp_path)) == 3
    server.failing = frozenset()
    assert server.run(tmp_path).refused == ()
    assert owed(tmp_path) == []
    assert "failed alone" not in shown(capsys)
    assert stored(tmp_path) == closed(server, one, two)


def test_a_project_of_which_many_days_fail_is_told_in_the_log_and_its_days_in_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    one, two = short(1, "one"), short(2, "two")
    server = Failing([one, two])
    server.failing = frozenset(f"2026-06-{day:02}" for day in range(3, 15))
    with caplog.at_level(logging.WARNING):
        assert server.run(tmp_path).refused == ()
    assert [one for one in caplog.messages if "days in a row failed" in one] == [
        "one: 10 days in a row failed; the other projects are asked, the rest of this one next time"
    ]
    assert owed(tmp_path) == [["one", f"2026-06-{day:02}"] for day in range(3, 13)]
    named = ", ".join(f"one 2026-06-{day:02}" for day in range(3, 8))
    assert f"pontoon: failed alone, the next run asks again: {named} and 5 more\n" in shown(capsys)
    assert closed(server, two) <= stored(tmp_path)


def test_a_renamed_project_is_told_in_the_log_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = Project(1, "one", {10_000 + n: FIRST + timedelta(hours=8 * n) for n in range(120)})
    server = Server([one, short(2, "two")])
    server.run(tmp_path)
    one.slug = "renamed"
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            server.now += timedelta(days=1)
            assert server.run(tmp_path).refused == ()
    assert caplog.messages == ["one has a new name, renamed: we go on with it"]

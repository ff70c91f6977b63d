"""Perceval and ours in turn against the same server: 50 ms an answer, at most four connections.

Perceval lives in an environment of its own (`.venv-peers`, from `peers.lock`), made here at first use.
A row both sides deliver counts the same: a bug, a comment, a changed field; a question, an answer; a
person, an event, a report; a topic, a post. Both sides' lost rows are printed beside the speed, once on
still data and once while rows change and move under the reader: a speed with lost rows does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines import settings
from pipelines.embedded import PONTOON_TOKEN
from pipelines.lake import Lake
from pipelines.simulation.generator import SCALES, build
from pipelines.simulation.servers.limits import LIMITED
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.sources import SOURCES
from tests.bench.endurance import prepare
from tests.bench.environment import interpreter

HERE = Path(__file__).parent
LATENCY_MS, CONNECTIONS = 50, 4
COMMUNITY = replace(SCALES["small"], name="small with more bugs", bugs_per_day=7.0)
FIRST_MOVE = {"bugzilla": 2, "sumo": 20, "reps": 20, "discourse": 5}
"""At every request from this one on something happens, in the run on a moving world."""
FEEDS = {
    "bugzilla": ("bugs",),
    "sumo": ("questions", "answers"),
    "reps": ("people", "events", "activities"),
    "discourse": ("topics",),
    "pontoon": ("user_actions",),
}
STREAMS = {
    "bugzilla": ("bugs", "comments", "changes"),
    "sumo": ("questions", "answers"),
    "reps": ("people", "events", "activities"),
    "discourse": ("topics", "posts"),
}


@dataclass(frozen=True)
class Outcome:
    """What one side did. rows: distinct; lost: rows the server holds at the end and this side does not."""

    rows: int
    lost: int
    seconds: float
    requests: int
    bytes: int
    peak_mb: float
    trouble: str = ""

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def perceval(source: str, servers: Servers) -> Outcome:
    found = subprocess.run(
        [str(interpreter("peers")), str(HERE / "peer.py"), source, servers.roots[source]],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(found.stdout)
    keys = {stream: set(told["keys"].get(stream, ())) for stream in STREAMS[source]}
    return Outcome(
        rows=sum(map(len, keys.values())),
        lost=lost(source, servers, keys),
        seconds=told["seconds"],
        requests=told["requests"],
        bytes=told["bytes"],
        peak_mb=told["peak_mb"],
        trouble=told["trouble"] or "",
    )


def ours(source: str, servers: Servers, data: Path) -> Outcome:
    told = land(source, servers.roots[source], data, FEEDS[source])
    lake = Lake(data)
    keys = {stream: live_keys(lake, source, stream) for stream in STREAMS.get(source, ("user_actions",))}
    return Outcome(
        rows=sum(map(len, keys.values())),
        lost=lost(source, servers, keys) if source in STREAMS else 0,
        seconds=told["seconds"],
        requests=told["requests"],
        bytes=told["bytes"],
        peak_mb=told["peak_mb"],
        trouble="; ".join(told["refused"]),
    )


def land(source: str, root: str, data: Path, feeds: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run `ours.py` for one source; what it told, with `exit` (negative: killed)."""
    variables = {
        "MDM_DATA": str(data),
        f"MDM_{source.upper()}_URL": root,
        "MDM_PONTOON_TOKEN": PONTOON_TOKEN,
    }
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.ours", source, *feeds],
        capture_output=True,
        text=True,
        cwd=settings.ROOT,
        env={**os.environ, **variables},
    )
    if not found.stdout:
        raise SystemExit(
            found.stderr.strip().splitlines()[-1] if found.stderr else "no word from our landing"
        )
    return {**json.loads(found.stdout), "exit": found.returncode}


def live_keys(lake: Lake, source: str, stream: str) -> set[str]:
    return set(lake.live(source, stream))


def lost(source: str, servers: Servers, keys: dict[str, set[str]]) -> int:
    """Records that the server holds now and nobody delivered, in streams whose keys both sides name alike."""
    alike = {"bugzilla": ("bugs",), "sumo": STREAMS["sumo"], "discourse": STREAMS["discourse"]}
    missing = 0
    for stream in alike.get(source, ()):
        missing += len({str(key) for key in servers.records(source, stream)} - keys[stream])
    if source == "reps":
        for stream in STREAMS["reps"]:
            missing += max(0, len(servers.records(source, stream)) - len(keys[stream]))
    return missing


def show(title: str, found: list[tuple[str, Outcome, Outcome]]) -> None:
    table = Table(title=title, title_justify="left")
    for name in ("source", "rows", "lost", "rows/s", "requests", "MB", "peak MB",
                 "Perceval rows", "lost", "rows/s", "requests", "MB", "ratio"):  # fmt: skip
        table.add_column(name, justify="left" if name == "source" else "right")
    for source, us, them in found:
        ratio = f"{us.rate / them.rate:.1f}" if them.rows else them.trouble
        table.add_row(source, *_cells(us, peak=True), *_cells(them, peak=False), ratio)
    Console(width=150).print(table)


def _cells(side: Outcome, peak: bool) -> list[str]:
    cells = [f"{side.rows:,}", f"{side.lost:,}", f"{side.rate:,.1f}", f"{side.requests:,}"]
    return [*cells, f"{side.bytes / 1e6:.1f}", *([f"{side.peak_mb:.0f}"] if peak else [])]


def main() -> None:
    world, _ = build(COMMUNITY, 1)
    for title, faults in (("still data", ""), ("rows change and move meanwhile", "moving")):
        with tempfile.TemporaryDirectory() as folder:
            found = []
            for source in (name for name in STREAMS if name in SOURCES):
                sides = []
                for side in ("ours", "perceval"):
                    spec = f"{source}.{faults}@{FIRST_MOVE[source]}+" if faults else ""
                    with serve(world, faults=spec, latency_ms=LATENCY_MS, connections=CONNECTIONS) as servers:
                        data = Path(folder) / f"{source} {side}"
                        prepare(data, world)
                        sides.append(
                            ours(source, servers, data) if side == "ours" else perceval(source, servers)
                        )
                found.append((source, sides[0], sides[1]))
            show(f"beside Perceval, {title}", found)
    project_days(world)
    first_loads(world)


def first_loads(world: Any) -> None:
    """Requests of a first load of all feeds, for each row that both sides would read.

    What Perceval does not know is in it, too: flags, products, articles, users.
    """
    with tempfile.TemporaryDirectory() as folder, serve(world) as servers:
        for source, streams in (
            ("bugzilla", ("bugs",)), ("sumo", ("questions", "answers")), ("discourse", ("topics", "posts")),
        ):  # fmt: skip
            data = Path(folder) / source
            prepare(data, world)
            told = land(source, servers.roots[source], data)
            rows = sum(told["written"][stream] for stream in streams)
            limited = sum(
                rule.fullmatch(path) is not None for path in servers.requests[source] for _, rule in LIMITED
            )
            Console(width=150).print(
                f"{source}: {told['requests']} requests for {rows:,} {' and '.join(streams)}, "
                f"{told['requests'] / rows:.4f} each; calls that Bugzilla limits: {limited}"
            )


def project_days(world: Any) -> None:
    """Pontoon, which Perceval does not know: project-days a second of the 78 that four connections allow."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(world, latency_ms=LATENCY_MS, connections=CONNECTIONS) as servers,
    ):
        data = Path(folder) / "pontoon"
        prepare(data, world)
        told = land("pontoon", servers.roots["pontoon"], data, FEEDS["pontoon"])
        rate = told["requests"] / told["seconds"]
        Console().print(
            f"pontoon: {rate:.1f} project-days a second of {CONNECTIONS / (LATENCY_MS / 1000):.0f}"
        )

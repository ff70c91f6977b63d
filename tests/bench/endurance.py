"""A bad week in one go: every fault of every source, kills at random moments, then one ordinary run.

The last run is on still data. What a perfect reader would hold then is asked of the servers themselves and
held against the lake, record by record, in its last version. Used by `make bench` at scale `medium` and by
the suite at a size that fits it. Landing runs in processes of its own: `kill -9` must hit it alone.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pipelines import run, settings
from pipelines.border import border_table
from pipelines.embedded import PONTOON_TOKEN
from pipelines.lake import Lake, row_hashes
from pipelines.privacy import pseudonymiser
from pipelines.simulation.generator import generate
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.simulation.world import SOURCES as SERVED
from pipelines.simulation.world import World
from pipelines.sources import SOURCES
from pipelines.sources.spec import Source, Stream, trailing_number
from tests.bench.ours import landed

A_WHILE = timedelta(days=400)
"""So long the clock is moved before the last run: every declared re-read is due then."""

MOMENTS = {"bugzilla": 8, "sumo": 300, "pontoon": 2_000, "reps": 500, "discourse": 150}
"""A kill falls on one of so many requests of a run: about what a first load of scale `small` needs."""

TIMES = {"medium": 60}
"""How many times more requests a first load of a larger scale needs."""

KEPT = frozenset(
    {
        ("bugzilla", "users"),
        ("bugzilla", "logins"),
        ("pontoon", "users"),
        ("pontoon", "locale_snapshots"),
        ("pontoon", "project_snapshots"),
        ("discourse", "users"),
    }
)
"""What was seen once stays: a log-in seen on a bug that went private, the statistics of an earlier day."""

NATIVE = {("pontoon", "user_actions"): "actions"}
"""What the servers call the records of a feed, where it is not the stream's own name."""


PROCESSES = multiprocessing.get_context("forkserver")
"""Landings begin with everything loaded: a run does so once, and here are dozens."""
PROCESSES.set_forkserver_preload([__name__, "great_expectations.expectations"])


@dataclass
class Held:
    """One stream: how many records the server holds, and how the lake differs from it."""

    source: str
    stream: str
    records: int
    lost: int
    stale: int
    surplus: int


@dataclass
class Endured:
    streams: list[Held] = field(default_factory=list)
    kills: int = 0
    requests: int = 0
    refusals: list[str] = field(default_factory=list)

    @property
    def faultless(self) -> bool:
        return not any(held.lost or held.stale or held.surplus for held in self.streams)


def endure(
    scale: str, seed: int, folder: Path, *, kills: int = 3, sources: Iterable[str] = SERVED
) -> Endured:
    """Run the whole story for each source; `folder` receives the lake. kills: for each source."""
    world, _ = generate(scale, seed)
    chance = np.random.default_rng([seed, 77])
    told = Endured()
    data = folder / "data"
    prepare(data, world)
    with serve(world, faults=f"all@{seed}") as servers:
        # The world stays; the interfaces over it that each change leaves behind must go soon, all the same.
        gc.freeze()
        gc.collect()
        for source in sources:
            for _ in range(kills):
                moment = int(chance.integers(1, MOMENTS[source] * TIMES.get(scale, 1)))
                told.refusals += interrupted(source, servers, data, moment)
                told.kills += 1
            told.refusals += interrupted(source, servers, data, None)
        servers.calm()
        servers.advance(A_WHILE)
        for source in sources:
            lift(data)
            outcome = interrupted(source, servers, data, None)
            if outcome:
                raise SystemExit(f"{source}, on still data: {outcome}")
            told.requests += len(servers.requests[source])
            told.streams += list(compared(SOURCES[source], servers, data))
    return told


def prepare(data: Path, world: World) -> None:
    """An empty data folder for this world."""
    data.mkdir(parents=True)
    settings.make_embedded_hash_key(data)
    since = {source: moment.isoformat() if moment else None for source, moment in world.since.items()}
    now = {source: moment.isoformat() for source, moment in world.now.items()}
    run.begin(data, run.World(world.name, since, now))


def interrupted(source: str, servers: Servers, data: Path, after: int | None) -> list[str]:
    """One landing, killed when the server has answered `after` more requests; None: left alone.

    Returns the sentences with which the source was refused; a block is lifted, as if its time had passed.
    """
    lift(data)
    variables = {"MDM_DATA": str(data), "MDM_PONTOON_TOKEN": PONTOON_TOKEN}
    variables[f"MDM_{source.upper()}_URL"] = servers.roots[source]
    heard, says = PROCESSES.Pipe(duplex=False)
    child = PROCESSES.Process(target=_land, args=(source, variables, says))
    goal = len(servers.requests[source]) + (after or 0)
    child.start()
    says.close()
    if after is not None:
        while child.is_alive() and len(servers.requests[source]) < goal:
            time.sleep(0.002)
        child.kill()
    try:
        refused: list[str] = heard.recv()
    except EOFError:
        refused = []
    child.join()
    if child.exitcode and child.exitcode > 0:
        raise SystemExit(f"the landing of {source} ended with {child.exitcode}")
    return refused


def _land(source: str, variables: dict[str, str], says: Connection) -> None:
    os.environ.update(variables)
    says.send(landed(source)["refused"])


def lift(data: Path) -> None:
    """Let the time of every block pass."""
    for path in data.glob("raw/_pipeline/blocks/*.json"):
        path.unlink()


def compared(source: Source, servers: Servers, data: Path) -> Iterator[Held]:
    """Each stream of the lake against what the server holds now."""
    lake = Lake(data)
    for feed in source.feeds:
        native = NATIVE.get((source.name, feed.streams[0].name), feed.streams[0].name)
        day = servers.living[source.name].clock.date().isoformat()
        shown = {"_seen_on": day}
        records = (
            talks(servers)
            if source.name == "discourse"
            else [
                {
                    **record,
                    **shown,
                    "_asked_on": str(record.get("date"))[:10],
                    "_number": trailing_number(record["_url"]) if "_url" in record else None,
                }
                for record in servers.records(source.name, native).values()
                if record.get("visibility", "public") == "public"
            ]
        )
        for stream in feed.streams:
            expected = promised(source, stream, records, data)
            held = lake.live(source.name, stream.name)
            kept = (source.name, stream.name) in KEPT
            yield Held(
                source=source.name,
                stream=stream.name,
                records=len(expected),
                lost=len(expected.keys() - held.keys()),
                stale=sum(held[key] != made for key, made in expected.items() if key in held),
                surplus=0 if kept else len(held.keys() - expected.keys()),
            )


def talks(servers: Servers) -> list[Any]:
    """Discourse's records as its walk hands them on: each topic with its posts."""
    posts: dict[int, list[Any]] = {}
    for post in servers.records("discourse", "posts").values():
        posts.setdefault(post["topic_id"], []).append(post)
    topics = servers.records("discourse", "topics").values()
    return [{"topic": topic, "posts": posts.get(topic["id"], [])} for topic in topics]


def promised(source: Source, stream: Stream, records: list[Any], data: Path) -> dict[str, str]:
    """Key -> hash of every row that these records must have become."""
    hash_of = pseudonymiser(settings.hash_key(data), source.name)
    rows = [row for record in records for row in stream.rows(record, hash_of)]
    table = border_table(stream, rows, hash_of, "expected", datetime.now(UTC))
    return dict(zip(table["_key"].to_pylist(), row_hashes(table).to_pylist(), strict=True))


def show(told: Endured, scale: str) -> None:
    table = Table(title=f"{scale}, after {told.kills} kills, all faults on", title_justify="left")
    for name in ("stream", "records", "lost", "stale", "surplus"):
        table.add_column(name, justify="left" if name == "stream" else "right")
    for held in told.streams:
        table.add_row(
            f"{held.source}/{held.stream}",
            *(f"{n:,}" for n in (held.records, held.lost, held.stale, held.surplus)),
        )
    Console().print(table)


def main(scale: str = "small") -> None:
    """`MDM_SOURCES` (names with blanks) chooses sources: some take an hour at scale `medium`."""
    chosen = os.environ.get("MDM_SOURCES", " ".join(SERVED)).split()
    with tempfile.TemporaryDirectory() as folder:
        show(endure(scale, 1, Path(folder), sources=chosen), scale)


def medium() -> None:
    main("medium")

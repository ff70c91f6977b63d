"""What one more day costs after a full load: requests, and records read.

`the least`: full pages that could carry what was to be read (changes and declared re-reads), a request a
topic or project-day where the interface knows no list, one more a feed to learn that nothing else moved, and
one a count to which the stored records are held where it does not come with a page.

`re-read`: what is read on the day before, on which nothing happens: re-reads that are declared, and nothing
else. What is read beside it is held against that alone, although what has changed might be added.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pipelines.simulation.generator import generate
from pipelines.simulation.servers.living import EVENTS
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.simulation.world import SOURCES as SERVED
from pipelines.sources import SOURCES
from tests.bench.endurance import prepare
from tests.bench.peers import land

EVENTS_A_DAY = 10
ROWS_A_PAGE = {"bugzilla": 500, "sumo": 20, "reps": 20, "discourse": 20}
IDS_A_PAGE = 10_000
COUNTS = {"bugzilla": 2}
"""All bugs and those of the last 30 days: Bugzilla tells how many only to who asks for nothing else."""


def least(source: str, servers: Servers, told: dict[str, Any]) -> int:
    """Requests that the interface needs at least for what this run had to read."""
    feeds = len(SOURCES[source].feeds)
    if source == "pontoon":
        return feeds + len([path for path in servers.requests[source] if "user-actions" in path])
    if source == "discourse":
        topics = [path for path in servers.requests[source] if path.startswith("/t/")]
        return -(-len(servers.records(source, "topics")) // 30) + len(topics)
    pages = -(-int(told["received"]) // ROWS_A_PAGE[source])
    ids = -(-len(servers.records(source, "bugs")) // IDS_A_PAGE) if source == "bugzilla" else 0
    return feeds + pages + ids + COUNTS.get(source, 0)


def main() -> None:
    title = f"a day later, after {EVENTS_A_DAY} events of each kind"
    table = Table(title=title, title_justify="left")
    for name in ("source", "requests", "the least", "ratio", "read", "re-read", "ratio"):
        table.add_column(name, justify="left" if name == "source" else "right")
    world, _ = generate("small", 1)
    chance = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder, serve(world) as servers:
        data = Path(folder) / "data"
        prepare(data, world)
        for source in SERVED:
            land(source, servers.roots[source], data)
        servers.advance(timedelta(days=1))
        still = {source: land(source, servers.roots[source], data)["received"] for source in SERVED}
        for source in SERVED:
            for kind in EVENTS:
                for _ in range(EVENTS_A_DAY):
                    servers.living[source].happen(kind, chance)
        servers.advance(timedelta(days=1))
        for source in SERVED:
            servers.requests[source].clear()
            told = land(source, servers.roots[source], data)
            asked, needed = len(servers.requests[source]), least(source, servers, told)
            table.add_row(
                source,
                *(str(asked), str(needed), f"{asked / needed:.2f}"),
                *(f"{n:,}" for n in (told["received"], still[source])),
                f"{told['received'] / still[source]:.2f}" if still[source] else "none",
            )
    Console().print(table)

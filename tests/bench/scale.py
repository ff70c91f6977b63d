"""Large communities written straight to a lake: seconds, peak memory, and how many people and events they
have.

Each size runs in a process of its own. `medium` goes on: the warehouse is built from it, once more after
another day and once after nothing new, and held against what is true, and one of its people is erased.
Then the same community with a tenth of the history, to see what a day costs there. `scale` writes `medium`,
`mozilla` that size (minutes, some gigabytes).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines import settings, warehouse
from pipelines.run import world_of
from pipelines.simulation.generator.bulk.lake import write_lake
from pipelines.simulation.generator.bulk.size import MEDIUM, MOZILLA, SIZES
from tests.whole.days import hold_back

LAST_DAY = timedelta(days=2, hours=12)
"""So long before its clock the last day begins on which somebody did something in the large community."""

RECENT = replace(
    MEDIUM,
    name="recent",
    since=datetime(2025, 10, 1, tzinfo=UTC),
    **{
        name: type(volume)(volume * 0.096)
        for name in ("contributors", "askers", "bugs", "questions", "sessions", "topics", "events", "reports")
        for volume in (getattr(MEDIUM, name),)
    },
)
"""As many acts a day as in `medium`, over 280 days instead of 2,929."""

MOST = 10
"""So many of the slowest models are shown."""


def written(scale: str, data: Path) -> dict[str, Any]:
    """What writing this size took, asked of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scale", scale, str(data), "1"],
        capture_output=True, text=True, cwd=settings.ROOT, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def mdm(data: Path, *words: str) -> tuple[float, float]:
    """Seconds of one `mdm` command over this folder, and the peak memory of it and its children, in GB."""
    code = "import resource, subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], stdout=2).returncode or "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))"
    command = [sys.executable, "-c", code, sys.executable, "-m", "pipelines.cli", *words]
    began = time.monotonic()
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=settings.ROOT,
        env={**os.environ, "MDM_DATA": str(data)}, check=True,
    )  # fmt: skip
    return time.monotonic() - began, int(done.stdout.split()[-1]) / 1e6


def differences(data: Path) -> list[tuple[str, int, int]]:
    """Event types whose contributions in the warehouse are not as many as are true."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(
            """
            with true_ones as (
                select acts.event_type, count(*) as contributions
                from read_parquet($done) as acts inner join marts.dim_source as sources using (source)
                where acts.occurred_at < sources.watermark group by acts.event_type
            ),
            counted as (select event_type, count(*) as contributions from marts.fct_contribution group by
            event_type) select event_type, coalesce(true_ones.contributions, 0),
            coalesce(counted.contributions, 0) from true_ones full join counted using (event_type)
            where true_ones.contributions is distinct from counted.contributions order by event_type
            """,
            {"done": str(data / "truth" / "contributions.parquet")},
        ).fetchall()


def slowest(data: Path) -> list[tuple[str, float]]:
    results = json.loads((data / "dbt" / "target" / "run_results.json").read_text())["results"]
    timed = [(one["unique_id"].split(".")[-1][:60], one["execution_time"]) for one in results]
    return sorted(timed, key=lambda pair: -pair[1])[:MOST]


def somebody(data: Path) -> str:
    """The user name of the SUMO account that did most: the dearest one to erase."""
    with duckdb.connect() as connection:
        found = connection.execute(
            """
            select username from read_parquet($accounts) as accounts
            inner join read_parquet($done) as acts using (account)
            where accounts.source = 'sumo' and acts.source = 'sumo' group by username order by count(*) desc
            limit 1 """,
            {
                "accounts": str(data / "truth/accounts.parquet"),
                "done": str(data / "truth/contributions.parquet"),
            },
        ).fetchone()
    assert found is not None
    return str(found[0])


def mozilla() -> None:
    main((MOZILLA.name,))


@dataclass(frozen=True)
class Built:
    """A first build without the last day, and the build of that day. peak: GB of the first at most."""

    seconds: float
    peak: float
    slowest: list[tuple[str, float]]
    day: float


def built(data: Path) -> Built:
    _, give_back = hold_back(data / "raw", world_of(data).as_of() - LAST_DAY)
    warehouse.parse(data)  # as before every build but the first
    seconds, peak = mdm(data, "build")
    models = slowest(data)
    give_back()
    day, _ = mdm(data, "build")
    return Built(seconds, peak, models, day)


def main(scales: tuple[str, ...] = (MEDIUM.name,)) -> None:
    console = Console()
    table = Table(title="straight to a lake", title_justify="left")
    for name in ("size", "people", "accounts", "events", "seconds", "CPU seconds", "GB at most"):
        table.add_column(name, justify="left" if name == "size" else "right")
    with tempfile.TemporaryDirectory() as folder:
        for scale in scales:
            told = written(scale, Path(folder) / scale)
            numbers = (f"{told[name]:,}" for name in ("people", "accounts", "events"))
            table.add_row(scale, *numbers, *(f"{told[name]:,.1f}" for name in ("seconds", "cpu", "peak")))
        console.print(table)
        data = Path(folder) / MEDIUM.name
        if data.exists():
            both = built(data)
            console.print(
                f"{MEDIUM.name}: warehouse in {both.seconds:.0f} s, {both.peak:.1f} GB at most; the slowest:"
            )
            for name, took in both.slowest:
                console.print(f"    {took:6.1f} s  {name}")
            still, _ = mdm(data, "build")
            console.print(f"after one more day: {both.day:.0f} s, {both.day / both.seconds:.0%} of that")
            console.print(f"after nothing new: {still:.0f} s, {still / both.seconds:.0%} of that")
            console.print(f"contributions that are not as many as are true: {differences(data) or 'none'}")
            seconds, _ = mdm(data, "forget", "sumo", somebody(data))
            console.print(f"erasing the most active of {told_people(data):,} people: {seconds:.1f} s")
            written(RECENT.name, Path(folder) / RECENT.name)
            little = built(Path(folder) / RECENT.name)
            console.print(
                f"after one more day of {RECENT.name}: {little.day:.0f} s; ten times the history makes a day "
                f"{both.day / little.day:.1f} times dearer"
            )


def told_people(data: Path) -> int:
    with duckdb.connect() as connection:
        found = connection.execute(
            "select count(*) from read_parquet($1)", [str(data / "truth" / "people.parquet")]
        ).fetchone()
    return int(found[0]) if found else 0


def one(scale: str, data: Path, seed: int) -> None:
    """Write one size and print what it took."""
    data.mkdir(parents=True)
    done = write_lake(data, {**SIZES, RECENT.name: RECENT}[scale], seed)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in used)
    told = {"people": done.people, "accounts": done.accounts, "events": done.events, "seconds": done.seconds}
    sys.stdout.write(json.dumps({**told, "cpu": cpu, "peak": done.peak_bytes / 1e9}) + "\n")


if __name__ == "__main__":
    one(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

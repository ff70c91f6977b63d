"""Whole runs by the command a user types, in a child process that notes every connection it opens.

And one landing in this process, for tests of what is landed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.landing import LANDING
from pipelines import run, settings
from pipelines.embedded import PONTOON_TOKEN
from pipelines.lake import Lake
from pipelines.landing import FeedResult, Landing
from pipelines.sources import SOURCES
from pipelines.sources.http import Client

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT.parent / "shared" / "recorded"
AUDIT = Path(__file__).parent / "audit"


@dataclass(frozen=True)
class Ended:
    """How a command ended. seconds: wall time."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        return self.out + self.err


def mdm(data: Path, *words: str, **variables: str) -> Ended:
    """`mdm <words>` with MDM_DATA=data; none of the caller's own MDM_ variables reach it."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name == "DBT_PARTIAL_PARSE_FILE_PATH" or not name.startswith(("MDM_", "DAGSTER_", "DBT_"))
    }
    environment = {
        **clean,
        "MDM_DATA": str(data),
        "PYTHONPATH": str(AUDIT),
        "MDM_TEST_CONNECTIONS": str(data.parent / f"{data.name}.connections"),
        "COLUMNS": "160",
        **variables,
    }
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def land(source: str, root: str, data: Path) -> list[FeedResult]:
    """One ordinary run of one source that answers at `root`, in this process."""
    spec = SOURCES[source]
    landing = Landing(
        Lake(data),
        run_id="test",
        gates=LANDING,
        hash_key=settings.hash_key(data),
        span=run.span_of(run.world_of(data), spec, None, None),
    )
    token = PONTOON_TOKEN if source == "pontoon" else None
    with Client(spec, root, token=token, user_agent="tests", paced=False) as client:
        return [landing.feed(spec, feed, client) for feed in spec.feeds]


def status(data: Path) -> dict[str, Any]:
    """`mdm status --json`, read."""
    found: dict[str, Any] = json.loads(mdm(data, "status", "--json").out)
    return found


def records(data: Path) -> dict[str, int]:
    """stream -> distinct live keys, as `mdm status --json` tells them."""
    return {
        f"{source}/{stream}": row["records"]
        for source, found in status(data)["sources"].items()
        for stream, row in found["streams"].items()
    }


def connections(data: Path) -> list[str]:
    """Every address that the commands with this data folder connected to or looked up."""
    path = data.parent / f"{data.name}.connections"
    return path.read_text().splitlines() if path.exists() else []


def current(data: Path) -> Path:
    """The folder of the current publication."""
    return data / "published" / (data / "published" / "current").read_text().strip()


def made_anew(data: Path) -> set[str]:
    """The models whose tables the last build made anew."""
    results = json.loads((data / "dbt" / "target" / "run_results.json").read_text())["results"]
    return {
        one["unique_id"].split(".")[-1]
        for one in results
        if one["unique_id"].startswith("model.") and one["adapter_response"]["_message"] != "unchanged"
    }


def made_by_parts(data: Path) -> set[str]:
    """The models of which the last build made some dates anew and left the others."""
    run = data / "dbt" / "target" / "run"
    return {name for name in made_anew(data) if "delete from" in next(run.rglob(f"{name}.sql")).read_text()}

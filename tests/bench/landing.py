"""Landing itself: records a second from parsed JSON to judged, written Parquet, and the memory it takes.

Runs in a process of its own (`python -m tests.bench.landing RECORDS`), so that peak memory is its own. The
records are invented support answers, as the interface sends them; no network takes part. What a process
does once (imports, making its gate ready) is not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from expectations.landing import LANDING
from pipelines import settings
from pipelines.lake import Lake
from pipelines.landing import Landing
from pipelines.sources import sumo
from pipelines.sources.spec import Count, Page, Span, stamp
from tests.bench.memory import peak_mb
from tests.scripted import client_of

NOW = datetime(2026, 7, 1, tzinfo=UTC)
PAGE = 1_000
SIZES = (5_000, 20_000, 200_000)


def answers(start: int, stop: int) -> list[dict[str, Any]]:
    found = []
    for number in range(start, stop):
        at = stamp(NOW - timedelta(minutes=stop - number, microseconds=number))
        found.append(
            {
                "id": number,
                "question": number // 3,
                "content": "<p>Hello.</p>",
                "created": at,
                "creator": {"username": f"helper{number % 997}", "display_name": None, "avatar": ""},
                "updated": at,
                "updated_by": None,
                "is_spam": False,
                "num_helpful_votes": number % 5,
                "num_unhelpful_votes": 0,
            }
        )
    return found


@dataclass
class Told:
    """A walk over records that are there already; making them is not counted."""

    records: int
    making_s: float = 0.0

    def pages(self, _ask: Any, _cursor: dict[str, Any], _span: Span) -> Iterator[Page]:
        for start in range(0, self.records, PAGE):
            began = time.thread_time()
            page = Page(answers(start, start + PAGE), {"at": start}, NOW)
            self.making_s += time.thread_time() - began
            yield page
        yield Page([], {}, NOW, watermark=NOW)

    def counts(self, _ask: Any, _span: Span, _now: datetime) -> tuple[Count, ...]:
        return ()


def measure(records: int) -> dict[str, float]:
    land(PAGE)
    idle = peak_mb()
    return {"records": records, "seconds": land(records), "idle_mb": idle, "peak_mb": peak_mb()}


def land(records: int) -> float:
    """Seconds of processor time that so many records take, from the walk's pages to the lake."""
    feed = replace(sumo.SOURCE.feeds[1], walk=Told(records))
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(
            Lake(Path(folder)), run_id="bench", gates=LANDING, hash_key=b"a key for the bench", span=Span()
        )
        began = time.process_time()
        result = landing.feed(replace(sumo.SOURCE, feeds=(feed,)), feed, client_of("http://127.0.0.1:1"))
        seconds = time.process_time() - began - feed.walk.making_s  # type: ignore[attr-defined]
    assert result.written == {"answers": records}, result.refused
    return seconds


def main() -> None:
    table = Table(title="landing after parsing, one core, gate included", title_justify="left")
    for name in ("records", "records/s", "idle MB", "peak MB", "growth MB"):
        table.add_column(name, justify="right")
    for size in SIZES:
        found = subprocess.run(
            [sys.executable, "-m", "tests.bench.landing", str(size)],
            capture_output=True,
            text=True,
            check=True,
            cwd=settings.ROOT,
        )
        told = json.loads(found.stdout)
        table.add_row(
            f"{size:,}",
            f"{told['records'] / told['seconds']:,.0f}",
            f"{told['idle_mb']:.0f}",
            f"{told['peak_mb']:.0f}",
            f"{told['peak_mb'] - told['idle_mb']:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    json.dump(measure(int(sys.argv[1])), sys.stdout)

"""One landing of one source in a process of its own, for the other parts of the bench and whole-run tests.

    python -m tests.bench.ours <source> [feed ...]      MDM_DATA, MDM_<SOURCE>_URL and the keys are set

Prints one JSON object: rows written by stream, seconds without imports and the first judgement (which
loads the machinery), requests and bytes received, peak memory. Exits 1 when a feed was refused.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from expectations.gate import judge
from expectations.landing import LANDING
from pipelines import run, settings
from pipelines.lake import Lake
from pipelines.landing import Landing
from pipelines.sources import SOURCES
from pipelines.sources.http import Client
from tests.bench.memory import peak_mb


def landed(name: str, feeds: Sequence[str] = ()) -> dict[str, Any]:
    """Land these feeds of a source (none: all of them); what is told of it."""
    source = SOURCES[name]
    chosen = replace(source, feeds=tuple(feed for feed in source.feeds if not feeds or feed.name in feeds))
    data = settings.data_dir()
    judge(next(iter(LANDING.values())), pd.DataFrame())
    idle = peak_mb()
    world = run.world_of(data)
    landing = Landing(
        Lake(data),
        run_id="bench",
        gates=LANDING,
        hash_key=settings.hash_key(data),
        span=run.span_of(world, source, None, None),
    )
    client = Client(
        chosen, settings.source_url(source), token=settings.token(source), user_agent="bench", paced=False
    )
    began = time.perf_counter()
    with client:
        results = [landing.feed(source, feed, client) for feed in chosen.feeds]
    seconds = time.perf_counter() - began
    written: dict[str, int] = {}
    for result in results:
        for stream, rows in result.written.items():
            written[stream] = written.get(stream, 0) + rows
    return {
        "written": written,
        "received": sum(result.received for result in results),
        "refused": [sentence for result in results for sentence in result.refused],
        "seconds": seconds,
        "requests": client.spent.requests,
        "bytes": client.spent.bytes,
        "waited_s": client.spent.waited_s,
        "idle_mb": idle,
        "peak_mb": peak_mb(),
    }


def main() -> None:
    name, *feeds = sys.argv[1:]
    told = landed(name, feeds)
    json.dump(told, sys.stdout)
    sys.exit(1 if told["refused"] else 0)


if __name__ == "__main__":
    main()

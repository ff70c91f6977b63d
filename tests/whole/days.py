"""A lake as it was some days ago: what came in since is held back, and can be given back.

Rows move whose own time says when they came to be; records that are read again as a whole (a bug, a profile)
stay as they are now. The clock of every stream goes back with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sources.spec import parse_instant, stamp

ACTS = ("bugzilla/changes", "bugzilla/comments", "pontoon/user_actions", "sumo/answers", "discourse/posts")
TIME = {"changes": "when", "comments": "creation_time", "user_actions": "date", "answers": "created"}
TIME |= {"posts": "created_at"}


def hold_back(raw: Path, since: datetime) -> tuple[int, Callable[[], None]]:
    """Take the acts since this instant out of the lake; returns how many, and what gives them back.

    Given back, they stand in files of their own, as a run of a later day would have landed them.
    """
    held: dict[Path, pa.Table] = {}
    clocks: dict[Path, str] = {}
    for name in ACTS:
        for path in sorted((raw / name).glob("2*.parquet")):
            table = pq.read_table(path)
            times = table[TIME[path.parent.name]]
            late = pc.fill_null(pc.greater_equal(times, pa.scalar(since, times.type)), False)
            if pc.any(late).as_py():
                held[path.with_name(f"{path.stem}-late.parquet")] = table.filter(late)
                pq.write_table(table.filter(pc.invert(late)), path)
    for path in raw.glob("[a-z]*/*/2*.json"):
        clocks[path] = path.read_text()
        manifest = json.loads(clocks[path])
        if manifest["watermark"] and parse_instant(manifest["watermark"]) > since:
            path.write_text(json.dumps({**manifest, "watermark": stamp(since)}))

    def give_back() -> None:
        for path, table in held.items():
            pq.write_table(table, path)
        for path, text in clocks.items():
            path.write_text(text)

    return sum(table.num_rows for table in held.values()), give_back

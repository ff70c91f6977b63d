"""What is stored and how fresh it is: for `mdm status`, for the pages, and as tables for dbt.

    <data>/raw/_pipeline/{runs,sources,streams,counts}.parquet   read by dbt as the source `pipeline`

Read from manifests, files and the published pointer; nothing is counted twice in different ways.
Not in here: how a batch is written (`lake.py`), what a metric makes of it (`dbt/`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines import acknowledgement, identity, pointer, records
from pipelines.lake import Lake, StreamState, write_parquet
from pipelines.landing import block_of
from pipelines.sources.spec import Source, parse_instant, stamp

INSTANT = pa.timestamp("us", tz="UTC")
SOURCES_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("title", pa.string()),
        ("opened_on", pa.date32()),
        ("closed_on", pa.date32()),
        ("grace_hours", pa.float64()),
        ("loaded_from", INSTANT),
        ("watermark", INSTANT),
        ("is_loaded", pa.bool_()),
        ("is_kept", pa.bool_()),
    ]
)
STREAMS_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("stream", pa.string()),
        ("about", pa.string()),
        ("records", pa.int64()),
        ("versions", pa.int64()),
        ("batches", pa.int64()),
        ("deleted", pa.int64()),
        ("watermark", INSTANT),
        ("last_run", INSTANT),
        ("requests", pa.int64()),
        ("quarantined", pa.int64()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
    ]
)
RUNS_SCHEMA = pa.schema([("run_id", pa.string()), ("as_of", INSTANT)])
COUNTS_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("stream", pa.string()),
        ("window_name", pa.string()),
        ("window_start", INSTANT),
        ("window_end", INSTANT),
        ("source_count", pa.int64()),
        ("stored_count", pa.int64()),
    ]
)

WINDOWS = {
    "backfill": "everything loaded",
    "last_30d": "last 30 days",
    "read_again": "in days read again, as stored before",
}
"""The windows in which sources count, in words."""


@dataclass(frozen=True)
class SourceState:
    """How far one source is loaded. `watermark`: the oldest of its essential feeds', None until all of these
    were read once.

    Of files that people keep, those that exist count: one that is missing says nothing.
    """

    source: str
    title: str
    opened_on: date
    closed_on: date | None
    grace_hours: float
    loaded_from: datetime
    watermark: datetime | None
    is_loaded: bool
    is_kept: bool


def stream_states(lake: Lake, source: Source) -> list[StreamState]:
    return [lake.state(source, feed, stream) for feed in source.feeds for stream in feed.streams]


def source_state(lake: Lake, source: Source) -> SourceState:
    """Loaded from the earliest `since` that was asked for, or from the source's own start."""
    watermarks, asked_since = [], []
    for feed in (feed for feed in source.feeds if feed.essential):
        manifests = list(lake.manifests(source.name, feed.streams[0].name))
        reached = [parse_instant(manifest.watermark) for manifest in manifests if manifest.watermark]
        watermarks.append(max(reached, default=None))
        asked_since += [parse_instant(manifest.since) if manifest.since else None for manifest in manifests]
    opened = datetime.combine(source.opened_on, time.min, UTC)
    since = [moment or opened for moment in asked_since]
    known = [moment for moment in watermarks if moment is not None]
    complete = len(known) == len(watermarks) or source.kept is not None
    return SourceState(
        source=source.name,
        title=source.title,
        opened_on=source.opened_on,
        closed_on=source.closed_on,
        grace_hours=source.grace.total_seconds() / 3600,
        loaded_from=max(min(since, default=opened), opened),
        watermark=min(known) if complete and known else None,
        is_loaded=complete and bool(known),
        is_kept=source.kept is not None,
    )


def last_batches(lake: Lake, sources: Iterable[Source]) -> dict[str, str]:
    """stream -> its newest batch that holds rows: what a warehouse built now is made of."""
    return {
        f"{source.name}/{stream.name}": newest.stem
        for source in sources
        for stream in source.streams
        if (newest := max(lake.folder(source.name, stream.name).glob("2*.parquet"), default=None))
    }


def counts(lake: Lake, source: Source) -> list[dict[str, Any]]:
    """The last comparison of what is stored with what the source counts, one row a window."""
    rows = []
    for feed in source.feeds:
        stream = feed.streams[0].name
        path = lake.raw / "_pipeline" / "counts" / f"{source.name}__{stream}.json"
        if path.exists():
            for row in json.loads(path.read_text())["counts"]:
                instants = {
                    name: parse_instant(row[name]) if row[name] else None
                    for name in ("window_start", "window_end")
                }
                rows.append({"source": source.name, "stream": stream, **row, **instants})
    return rows


def completeness(lake: Lake, source: Source) -> dict[str, dict[str, float]]:
    """stream -> window -> stored records as a share of what the source counts, where it counts."""
    shares: dict[str, dict[str, float]] = {}
    for row in counts(lake, source):
        if row["source_count"]:
            share = row["stored_count"] / row["source_count"]
            shares.setdefault(row["stream"], {})[row["window_name"]] = share
    return shares


def owed(lake: Lake, source: Source) -> list[list[str]]:
    """[project, day] of what failed alone and is asked again by the next run."""
    cursors = (lake.cursor(source.name, feed) for feed in source.feeds)
    return [[str(slug), str(on)] for cursor in cursors for slug, on in cursor.get("owed", ())]


def owed_in_words(source: str, days: list[list[str]]) -> list[str]:
    """The sentence that names them, at most five; [] when nothing is owed."""
    if not days:
        return []
    named = ", ".join(f"{slug} {on}" for slug, on in days[:5])
    more = f" and {len(days) - 5:,} more" if len(days) > 5 else ""
    return [f"{source}: failed alone, the next run asks again: {named}{more}"]


def waited_s(lake: Lake, source: Source) -> float:
    """Seconds that the last run waited for the source: its pace, its retries, its `Retry-After`."""
    last = [
        manifest
        for feed in source.feeds
        for manifest in lake.manifests(source.name, feed.streams[0].name)
        if manifest.feed == feed.name
    ]
    newest = max(last, key=lambda manifest: manifest.batch_id, default=None)
    return newest.waited_s if newest else 0.0


def export(lake: Lake, sources: Iterable[Source], *, run_id: str, as_of: datetime) -> int:
    """Write the run records that dbt reads, and an empty schema file for streams never landed.

    Returns how many live records there are of systems, kept files apart.
    Files that people keep are told of once they were read: that there is none is no news.
    as_of: the run's clock, UTC. It comes in as data, not as a dbt variable: variables that change from
    run to run would make dbt parse the whole project anew.
    """
    every = list(sources)
    for source in every:
        lake.prepare(source)
    folder = lake.raw / "_pipeline"
    folder.mkdir(parents=True, exist_ok=True)
    states = [source_state(lake, source) for source in every]
    landed = [state for source in every for state in stream_states(lake, source)]
    kept = {source.name for source in every if source.kept is not None}
    told = [state for state in landed if state.source not in kept or state.verdict != "never"]
    tables: dict[str, tuple[list[dict[str, Any]], pa.Schema]] = {
        "runs": ([{"run_id": run_id, "as_of": as_of}], RUNS_SCHEMA),
        "sources": ([asdict(one) for one in states if one.is_loaded or not one.is_kept], SOURCES_SCHEMA),
        "streams": ([asdict(state) for state in told], STREAMS_SCHEMA),
        "counts": ([row for source in every for row in counts(lake, source)], COUNTS_SCHEMA),
    }
    for name, (rows, schema) in tables.items():
        write_parquet(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    records.prepare(folder)
    records.note_checks(folder, run_id, as_of, records.landing_checks(landed))
    identity.prepare(lake.data)
    return sum(state.records for state in told if state.source not in kept)


def as_json(data: Path, sources: Iterable[Source]) -> dict[str, Any]:
    """The whole state, in the form of `mdm status --json`; before the first run too. Writes nothing."""
    lake = Lake(data)
    found: dict[str, Any] = {"data": str(data), "sources": {}}
    for source in sources:
        streams = {}
        for state in stream_states(lake, source):
            shown = {
                name: value
                for name, value in asdict(state).items()
                if name not in ("source", "stream", "about")
            }
            streams[state.stream] = {
                name: stamp(value) if isinstance(value, datetime) else value for name, value in shown.items()
            }
        watermark = source_state(lake, source).watermark
        blocked = block_of(data, source.name)
        found["sources"][source.name] = {
            "watermark": stamp(watermark) if watermark else None,
            "blocked_until": stamp(blocked) if blocked else None,
            "waited_s": waited_s(lake, source),
            "completeness": completeness(lake, source),
            "owed": owed(lake, source),
            "streams": streams,
        }
    found["last_run"] = records.last_run(data)
    found["warehouse"] = warehouse(data)
    found["identities"] = identities(data)
    found["published"] = published(data)
    return found


def last_run_in_words(last: dict[str, Any] | None) -> list[str]:
    """What of the last run a person must know, a sentence each; [] when it went well or there was none.

    last: as `records.last_run` gives it.
    """
    if last is None:
        return []
    if last["ended_at"] is None:
        began = last["began_at"][:16].replace("T", " ")
        return [f"last run began {began} UTC and has not come to its end: it is at work, or was stopped"]
    ended = last["ended_at"][:16].replace("T", " ")
    steps = [one.partition(": ") for one in last["failed"]]
    return [f"last run failed at {step}, {ended} UTC: {sentence}" for step, _, sentence in steps]


def identities(data: Path) -> dict[str, Any] | None:
    """How many persons changed since they were accepted, whether that blocks, what was acknowledged last.

    blocked: the sentence that says so, with what to do; else None. None without a warehouse that can be read.
    """
    if not (data / "warehouse.duckdb").exists():
        return None
    try:
        found = acknowledgement.changed(data)
    except duckdb.Error:
        return None
    last = records.last_acknowledgement(data / "raw" / "_pipeline")
    return {
        **asdict(found),
        "since": str(found.since) if found.since else None,
        "blocked": found.sentence() if found.blocks else None,
        "acknowledged": {
            **last, "since": str(last["since"]), "acknowledged_at": stamp(last["acknowledged_at"])
        }
        if last
        else None,
    }  # fmt: skip


def identities_in_words(found: dict[str, Any] | None, said: Iterable[str] = ()) -> list[str]:
    """What of `identities` a person must know, a sentence each; [] when nothing blocks or was let pass.

    said: what was told already; what blocks is not told again.
    """
    if found is None:
        return []
    is_news = found["blocked"] and not any(found["blocked"] in one for one in said)
    told = [f"publication is blocked: {found['blocked']}"] if is_news else []
    if last := found["acknowledged"]:
        when = last["acknowledged_at"][:16].replace("T", " ")
        told.append(
            f"acknowledged {when} UTC: {last['changed']:,} of {last['persons']:,} persons are drawn together "
            f"otherwise than on {last['since']}: {last['reason']}"
        )
    return told


def warehouse(data: Path) -> dict[str, Any]:
    """Contributions by source and area, and persons; zero before the first build."""
    path = data / "warehouse.duckdb"
    empty: dict[str, Any] = {"contributions": {"by_source": {}, "by_area": {}}, "persons": 0}
    if not path.exists():
        return empty
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            counted = "select {0}, count(*) from marts.fct_contribution group by {0} order by {0}"
            by = {
                column: dict(connection.execute(counted.format(column)).fetchall())
                for column in ("source", "area")
            }
            persons = connection.execute("select count(*) from marts.dim_person").fetchone()
    except duckdb.Error:
        return empty
    return {
        "contributions": {"by_source": by["source"], "by_area": by["area"]},
        "persons": int(persons[0]) if persons else 0,
    }


def published(data: Path) -> dict[str, str | None]:
    """The current version and its folder; both None before the first publication. Raises PointerBroken."""
    version = pointer.current_version(data / "published")
    return {"version": version, "path": str(data / "published" / version) if version else None}

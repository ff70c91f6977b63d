"""A tiny lake from Python rows, in the shape that the landing writes: for tests of the warehouse.

Rows name only the columns that matter; the rest is null. Identifiers are written in the clear
("ada") and hashed here, as the border would do it. Not in here: any expectation about the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import identity, status
from pipelines.lake import schema_of
from pipelines.privacy import pseudonym
from pipelines.records import prepare
from pipelines.sources import SOURCES
from pipelines.sources.spec import HASHED, Stream, parse_instant

KEY = b"a key for invented people only"
Rows = Mapping[str, Iterable[Mapping[str, Any]]]


def write_lake(
    data: Path,
    rows: Rows,
    *,
    fetched_at: str = "2026-07-08T06:00:00Z",
    loaded_from: Mapping[str, str] | None = None,
    watermark: Mapping[str, str | None] | None = None,
    never_loaded: Iterable[str] = (),
    counts: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Write `<data>/raw` for all declared streams, and the run's records.

    rows: "source/stream" -> rows. A row may set `_fetched_at`, `_version_at`, `_batch_id`,
    `_is_deleted`. Times are ISO 8601 with an offset, or `datetime`.
    loaded_from: per source, default 2024-07-01; watermark: per source, default `fetched_at`.
    never_loaded: sources, or single streams ("source/stream").
    """
    unknown = set(rows) - {
        f"{source.name}/{stream.name}" for source in SOURCES.values() for stream in source.streams
    }
    if unknown:
        raise KeyError(f"no such stream: {', '.join(sorted(unknown))}")
    loaded_from, watermark, missing = loaded_from or {}, watermark or {}, set(never_loaded)
    sources, streams = [], []
    for source in SOURCES.values():
        begun = loaded_from.get(source.name, "2024-07-01T00:00:00Z")
        reached = None if source.name in missing else watermark.get(source.name, fetched_at)
        sources.append(
            {
                "source": source.name,
                "title": source.title,
                "opened_on": source.opened_on,
                "closed_on": source.closed_on,
                "grace_hours": source.grace.total_seconds() / 3600,
                "loaded_from": _instant(begun),
                "watermark": _instant(reached),
                "is_loaded": source.name not in missing,
                "is_kept": source.kept is not None,
            }
        )
        for stream in source.streams:
            is_read = not missing & {source.name, f"{source.name}/{stream.name}"}
            written = [
                _row(source.name, stream, row, fetched_at)
                for row in rows.get(f"{source.name}/{stream.name}", ())
            ]
            folder = data / "raw" / source.name / stream.name
            folder.mkdir(parents=True, exist_ok=True)
            schema = schema_of(stream)
            pq.write_table(schema.empty_table(), folder / "_schema.parquet")
            if written:
                pq.write_table(pa.Table.from_pylist(written, schema=schema), folder / "b1.parquet")
            streams.append(
                {
                    "source": source.name,
                    "stream": stream.name,
                    "about": stream.about,
                    "records": len({row["_key"] for row in written}),
                    "versions": len(written),
                    "batches": int(bool(written)),
                    "deleted": 0,
                    "watermark": _instant(reached) if is_read else None,
                    "last_run": _instant(fetched_at),
                    "requests": 1,
                    "quarantined": 0,
                    "verdict": "accepted" if is_read else "never",
                    "reason": None,
                }
            )
    counted = [
        {
            **row,
            "window_start": _instant(row.get("window_start")),
            "window_end": _instant(row.get("window_end")),
        }
        for row in counts
    ]
    pipeline = data / "raw" / "_pipeline"
    pipeline.mkdir(parents=True, exist_ok=True)
    for name, records, schema in (
        ("runs", [{"run_id": "tests", "as_of": _instant(fetched_at)}], status.RUNS_SCHEMA),
        ("sources", sources, status.SOURCES_SCHEMA),
        ("streams", streams, status.STREAMS_SCHEMA),
        ("counts", counted, status.COUNTS_SCHEMA),
    ):
        pq.write_table(pa.Table.from_pylist(records, schema=schema), pipeline / f"{name}.parquet")
    prepare(pipeline)
    identity.prepare(data)


def hashed(source: str, kind: str, value: object) -> str | None:
    """The pseudonym under which this lake knows an identifier."""
    return pseudonym(KEY, source, kind, value)


def _row(source: str, stream: Stream, given: Mapping[str, Any], fetched_at: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, kept in stream.keep.items():
        value = given.get(name)
        if value is not None and kept.pseudonym_of and kept.pseudonym_of != HASHED:
            value = hashed(source, kept.pseudonym_of, value)
        elif pa.types.is_timestamp(kept.type):
            value = _instant(value)
        elif pa.types.is_date(kept.type) and isinstance(value, str):
            value = date.fromisoformat(value)
        row[name] = value
    fetched = _instant(given.get("_fetched_at", fetched_at))
    version = given.get("_version_at", row.get(stream.version_at) if stream.version_at else None)
    row["_key"] = "|".join("" if row[name] is None else str(row[name]) for name in stream.key)
    row["_version_at"] = _instant(version) or fetched
    row["_fetched_at"] = fetched
    row["_batch_id"] = given.get("_batch_id", "b1")
    row["_is_deleted"] = given.get("_is_deleted", False)
    row["_row_hash"] = "0" * 16
    strangers = set(given) - set(row)
    if strangers:
        raise KeyError(f"{source}/{stream.name} keeps no {', '.join(sorted(strangers))}")
    return row


def _instant(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return parse_instant(str(value)).astimezone(UTC)

"""The raw lake: batches as Parquet files, their manifests, and what can be read back from them.

    <data>/raw/<source>/<stream>/<batch>.parquet   one immutable file a batch: envelope + kept fields
    <data>/raw/<source>/<stream>/<batch>.json      its manifest: window, cursor, counts, verdict
    <data>/raw/<source>/<stream>/_schema.parquet   no rows, all declared columns: an empty stream reads too
    <data>/quarantine/<source>/<stream>/           refused batches with their reasons

A file is written under a temporary name, then renamed: a reader sees it whole or not at all. The
primary stream's manifest is written last; it holds the cursor, so an interrupted batch is asked again
and, being unchanged, not written twice. Not in here: asking and judging (`landing.py`).
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.spec import Feed, Source, Stream, parse_instant, stamp

ENVELOPE = pa.schema(
    [
        pa.field("_key", pa.string(), nullable=False),
        pa.field("_version_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("_fetched_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("_batch_id", pa.string(), nullable=False),
        pa.field("_is_deleted", pa.bool_(), nullable=False),
        pa.field("_row_hash", pa.string(), nullable=False),
    ]
)
LATEST = (
    "row_number() over (partition by _key order by _fetched_at desc, _version_at desc, _batch_id desc) = 1"
)
"""The newest version of a record: last fetched; where that ties, the source's own version, the batch."""


def schema_of(stream: Stream) -> pa.Schema:
    """Envelope and kept fields, in the order of the files."""
    return pa.schema([*ENVELOPE, *(pa.field(name, kept.type) for name, kept in stream.keep.items())])


@dataclass(frozen=True)
class Manifest:
    """What one batch was: times are ISO 8601 UTC. `file` is None when nothing had changed."""

    batch_id: str
    run_id: str
    source: str
    feed: str
    stream: str
    landed_at: str
    since: str | None
    until: str | None
    cursor: dict[str, Any] | None
    watermark: str | None
    rows_received: int
    rows_written: int
    requests: int
    waited_s: float
    file: str | None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StreamState:
    """What the lake holds of one stream. Instants are UTC, None when never."""

    source: str
    stream: str
    about: str
    records: int
    versions: int
    batches: int
    deleted: int
    watermark: datetime | None
    last_run: datetime | None
    requests: int
    quarantined: int
    verdict: str
    reason: str | None


class Lake:
    """The folders `raw` and `quarantine` under one data directory."""

    def __init__(self, data: Path) -> None:
        self.data, self.raw, self.quarantine = data, data / "raw", data / "quarantine"

    def folder(self, source: str, stream: str) -> Path:
        return self.raw / source / stream

    def prepare(self, source: Source) -> None:
        """Make the folders and empty schema files of a source; drop what a killed run left half written."""
        for stream in source.streams:
            folder = self.folder(source.name, stream.name)
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in folder.glob(".*.tmp"):
                leftover.unlink()
            path, schema = folder / "_schema.parquet", schema_of(stream)
            if not path.exists() or not pq.read_schema(path).equals(schema):
                write_parquet(schema.empty_table(), path)

    def write(self, table: pa.Table, manifest: Manifest) -> None:
        """One batch of one stream: the rows first (when there are any), then the manifest."""
        folder = self.folder(manifest.source, manifest.stream)
        if manifest.file is not None:
            write_parquet(table, folder / manifest.file)
        write_text(json.dumps(asdict(manifest), indent=1), folder / f"{manifest.batch_id}.json")

    def refuse(
        self,
        source: str,
        stream: str,
        batch_id: str,
        at: datetime,
        reasons: list[str],
        rows: list[dict[str, Any]],
    ) -> None:
        """Put a refused batch aside whole: its rows as JSON lines (pseudonyms made), and why."""
        folder = self.quarantine / source / stream
        folder.mkdir(parents=True, exist_ok=True)
        if rows:
            lines = "".join(json.dumps(row, default=str) + "\n" for row in rows)
            _replace(folder / f"{batch_id}.jsonl.gz", gzip.compress(lines.encode()))
        note = {"batch_id": batch_id, "refused_at": stamp(at), "rows": len(rows), "reasons": reasons}
        write_text(json.dumps(note, indent=1), folder / f"{batch_id}.json")

    def manifests(self, source: str, stream: str) -> Iterator[Manifest]:
        """All manifests of a stream, oldest first."""
        for path in sorted(self.folder(source, stream).glob("*.json")):
            yield Manifest(**json.loads(path.read_text()))

    def cursor(self, source: str, feed: Feed) -> dict[str, Any]:
        """Where the feed goes on: the cursor of the newest manifest of its first stream; {} at first."""
        newest = max(self.folder(source, feed.streams[0].name).glob("*.json"), default=None)
        return dict(Manifest(**json.loads(newest.read_text())).cursor or {}) if newest else {}

    def known(self, source: str, stream: Stream) -> Known:
        return Known(self.folder(source, stream.name))

    def stored_between(
        self, source: str, stream: Stream, start: datetime | None, end: datetime | None
    ) -> int:
        """Live records whose `counted_at` lies in [start, end); without bounds, those without a time too."""
        column = f'"{stream.counted_at}"' if stream.counted_at else "null::timestamptz"
        query = f"""
            select count(*) from (
                select {column} as at_instant, _is_deleted
                from read_parquet($files, union_by_name = true) qualify {LATEST}
            )
            where not _is_deleted
                and ($since is null or at_instant >= $since)
                and ($before is null or at_instant < $before)
        """
        values = {"files": self._files(source, stream.name), "since": start, "before": end}
        with duckdb.connect() as connection:
            found = connection.execute(query, values).fetchone()
        return int(found[0]) if found else 0

    def state(self, source: Source, feed: Feed, stream: Stream) -> StreamState:
        """Counts, watermark and verdict of one stream, read from its files and manifests."""
        with duckdb.connect() as connection:
            found = connection.execute(
                """
                select count(*) filter (not is_deleted), count(*) filter (is_deleted), sum(versions)
                from (
                    select
                        count(*) as versions,
                        arg_max(_is_deleted, (_fetched_at, _version_at, _batch_id)) as is_deleted
                    from read_parquet($files, union_by_name = true)
                    group by _key
                )
                """,
                {"files": self._files(source.name, stream.name)},
            ).fetchone()
        records, deleted, versions = found or (0, 0, 0)
        manifests = list(self.manifests(source.name, stream.name))
        carrier = (
            manifests
            if stream is feed.streams[0]
            else list(self.manifests(source.name, feed.streams[0].name))
        )
        watermarks = [manifest.watermark for manifest in carrier if manifest.watermark]
        refusals = sorted((self.quarantine / source.name / feed.streams[0].name).glob("*.json"))
        last_landed = max((manifest.batch_id for manifest in carrier), default="")
        refused = [path for path in refusals if path.stem > last_landed]
        return StreamState(
            source=source.name,
            stream=stream.name,
            about=stream.about,
            records=int(records or 0),
            versions=int(versions or 0),
            batches=sum(manifest.file is not None for manifest in manifests),
            deleted=int(deleted or 0),
            watermark=max(map(parse_instant, watermarks), default=None),
            last_run=max((parse_instant(manifest.landed_at) for manifest in carrier), default=None),
            requests=sum(manifest.requests for manifest in carrier),
            quarantined=len(list((self.quarantine / source.name / stream.name).glob("*.json"))),
            verdict="refused" if refused else "accepted" if carrier else "never",
            reason="; ".join(json.loads(refused[-1].read_text())["reasons"]) if refused else None,
        )

    def _files(self, source: str, stream: str) -> list[str]:
        return sorted(str(path) for path in self.folder(source, stream).glob("*.parquet"))


class Known:
    """Which version of which record a stream's files hold: tells changed rows from those read again."""

    def __init__(self, folder: Path) -> None:
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute("set timezone = 'UTC'")
        self._db.execute(
            f"""create table known as
                select hash(_key) as key_hash, _row_hash as row_hash
                from read_parquet('{folder}/*.parquet', union_by_name = true) qualify {LATEST}"""
        )

    def changed(self, rows: pa.Table) -> pa.Table:
        """The rows that are new or differ, with `_row_hash` filled in; the same columns in the same order.

        The hash is the first half of the MD5 over all kept fields as JSON, the envelope left out.
        """
        kept = [name for name in rows.column_names if name not in ENVELOPE.names]
        fields = ", ".join(f'"{name}" := "{name}"' for name in kept)
        self._db.register("incoming", rows.drop_columns(["_row_hash"]))
        columns = ", ".join(f'"{name}"' for name in rows.column_names)
        content = f"concat(to_json(struct_pack({fields})), _is_deleted)"
        found: pa.Table = self._db.execute(
            f"""select {columns} from (
                    select *, substr(md5({content}), 1, 16) as _row_hash
                    from incoming
                ) as seen left join known on known.key_hash = hash(seen._key)
                where known.row_hash is distinct from seen._row_hash
                order by _key"""
        ).to_arrow_table()
        self._db.unregister("incoming")
        return found.cast(rows.schema)

    def add(self, rows: pa.Table) -> None:
        """Rows that have been written."""
        self._db.register("written", rows.select(["_key", "_row_hash"]))
        self._db.execute("delete from known where key_hash in (select hash(_key) from written)")
        self._db.execute("insert into known select hash(_key), _row_hash from written")
        self._db.unregister("written")

    def close(self) -> None:
        self._db.close()


def write_parquet(table: pa.Table, path: Path) -> None:
    """A Parquet file under a temporary name, flushed to disk, then renamed."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as out:
            pq.write_table(table, out, compression="zstd")
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(text: str, path: Path) -> None:
    """A text file, whole or not at all."""
    _replace(path, text.encode())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

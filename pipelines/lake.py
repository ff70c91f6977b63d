"""The raw lake: batches as Parquet files, their manifests, and what can be read back from them.

    <data>/raw/<source>/<stream>/<batch>.parquet   one immutable file a batch: envelope + kept fields
    <data>/raw/<source>/<stream>/<batch>.json      its manifest: window, cursor, counts, source, verdict
    <data>/raw/<source>/<stream>/_schema.parquet   no rows, all declared columns: an empty stream reads too
    <data>/quarantine/<source>/<stream>/           refused batches with their reasons

A file is written under a temporary name, which says by which process, then renamed: a reader sees it whole
or not at all. The primary stream's manifest is written last; it holds the cursor, so an interrupted batch is
asked again and, being unchanged, not written twice. Not in here: asking and judging (`landing.py`).
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.spec import Feed, Source, Stream, Whole, parse_instant, stamp

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
NONE_TOLD = "none told"
"""Stands for the version of a source that says nothing of it."""
LATEST = (
    "row_number() over (partition by _key order by _fetched_at desc, _batch_id desc, _version_at desc) = 1"
)
"""The newest version of a record: last fetched; where that ties, the later batch, then the source's version.

A tombstone's version is the time it was written: it must not win over a record that came back in that second.
"""


def schema_of(stream: Stream) -> pa.Schema:
    """Envelope and kept fields, in the order of the files."""
    return pa.schema([*ENVELOPE, *(pa.field(name, kept.type) for name, kept in stream.keep.items())])


@dataclass(frozen=True)
class Manifest:
    """What one batch was: times are ISO 8601 UTC. `file` is None when nothing had changed.

    source_version: what the source says of its own version, `NONE_TOLD` when it says nothing. verdict: of
    the landing gate, `judged_at`, `accepted` and, of each of its `expectations`, whether it held (a warning
    that did not refuses nothing); None: no row was judged. Both are None in manifests from before them.
    """

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
    source_version: str | None = None
    verdict: dict[str, Any] | None = None


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

    def prepare(self, source: Source, *, alone: bool = False) -> None:
        """Make the folders and empty schema files of a source; drop what a killed run left half written.

        alone: nobody else writes, so that whatever is half written goes.
        """
        for stream in source.streams:
            folder = self.folder(source.name, stream.name)
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in folder.glob(".*.tmp"):
                if alone or not _is_at_work(leftover):
                    leftover.unlink(missing_ok=True)
            path, schema = folder / "_schema.parquet", schema_of(stream)
            if not path.exists() or not pq.read_schema(path).equals(schema):
                write_parquet(schema.empty_table(), path)

    def write(self, table: pa.Table | None, manifest: Manifest) -> None:
        """One batch of one stream: the rows first (when there are any), then the manifest."""
        folder = self.folder(manifest.source, manifest.stream)
        if manifest.file is not None and table is not None:
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
            replace_file(folder / f"{batch_id}.jsonl.gz", gzip.compress(lines.encode()))
        note = {"batch_id": batch_id, "refused_at": stamp(at), "rows": len(rows), "reasons": reasons}
        write_text(json.dumps(note, indent=1), folder / f"{batch_id}.json")

    def manifests(self, source: str, stream: str) -> Iterator[Manifest]:
        """All manifests of a stream, oldest first."""
        for path in sorted(self.folder(source, stream).glob("*.json")):
            yield Manifest(**json.loads(path.read_text()))

    def cursor(self, source: str, feed: Feed) -> dict[str, Any]:
        """Where the feed goes on: the newest cursor it left at its first stream; {} at first.

        Another feed of the source may have written tombstones there: its manifests carry no cursor.
        """
        for path in sorted(self.folder(source, feed.streams[0].name).glob("*.json"), reverse=True):
            manifest = json.loads(path.read_text())
            if manifest["feed"] == feed.name and manifest["cursor"] is not None:
                return dict(manifest["cursor"])
        return {}

    def known(self, source: str, stream: Stream) -> Known:
        return Known(self.folder(source, stream.name))

    def live(self, source: str, stream: str) -> dict[str, str]:
        """`_key` -> `_row_hash` of every record that is not gone, in its newest version."""
        query = f"""
            select _key, _row_hash
            from (
                select _key, _row_hash, _is_deleted
                from read_parquet($files, union_by_name = true) qualify {LATEST}
            )
            where not _is_deleted
        """
        with duckdb.connect() as connection:
            return dict(connection.execute(query, {"files": self._files(source, stream)}).fetchall())

    def compact(self, source: str, stream: Stream) -> int:
        """Merge the stream's files into the newest one; returns how many files there were.

        All versions are kept, but of a record that is gone at its source nothing but the tombstone, unless
        the stream is `lasting`. The merged file takes the newest one's place in one rename, then the others
        go: a reader meanwhile, or after a kill in between, sees some rows twice and every record in its
        newest version once.
        """
        files = sorted(self.folder(source, stream.name).glob("2*.parquet"))
        if len(files) < 2:
            return len(files)
        merged = _temporary(files[-1])
        with _session() as connection:
            connection.execute(
                f"""
                copy (
                    with every as (
                        select distinct * from read_parquet($files, union_by_name = true)
                    ),
                    gone as (
                        select _key, _batch_id
                        from (select _key, _batch_id, _is_deleted from every qualify {LATEST})
                        where _is_deleted and not $lasting
                    )
                    select every.*
                    from every left join gone on gone._key = every._key
                    where gone._key is null or every._batch_id = gone._batch_id
                    order by every._fetched_at, every._key
                ) to '{merged}' (format parquet, compression zstd)
                """,
                {"files": [str(path) for path in files], "lasting": stream.lasting},
            )
        with merged.open("rb") as written:
            os.fsync(written.fileno())
        merged.replace(files[-1])
        _keep_names(files[-1].parent)
        for path in files[:-1]:
            path.unlink()
        return len(files)

    def gone(self, source: str, stream: Stream, parts: Sequence[Whole], arrived: pa.Array) -> pa.Array:
        """The keys of live records in `parts` that did not come: see `Whole`. arrived: the keys that came.

        One pass over the stream's files for all parts together.
        """
        found: list[pa.Array] = []
        with _session() as connection:
            connection.register("arrived", pa.table({"_key": arrived}))
            files = {"files": self._files(source, stream.name)}
            for alike in _alike(parts):
                connection.register("parts", _table_of_parts(stream, alike))
                kept = {key for part in alike for key in part.keys or ()}
                connection.register("kept", pa.table({"_key": pa.array(sorted(kept), pa.string())}))
                survivors = "arrived" if alike[0].keys is None else "kept"
                query = f"""
                    with candidates as (
                        select distinct stored._key
                        from read_parquet($files, union_by_name = true) as stored, parts
                        where {_inside(alike[0])}
                    ),
                    newest as (
                        select stored.*
                        from read_parquet($files, union_by_name = true) as stored
                        semi join candidates on candidates._key = stored._key
                        qualify {LATEST}
                    )
                    select distinct stored._key
                    from newest as stored, parts
                    where not stored._is_deleted and {_inside(alike[0])}
                        and stored._key not in (select _key from {survivors})
                    order by stored._key
                """
                found.append(connection.execute(query, files).to_arrow_table()["_key"].combine_chunks())
        return pa.concat_arrays(found).unique() if found else pa.array([], pa.string())

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
        """Counts, watermark and verdict of one stream, read from its files and manifests; writes nothing."""
        records, deleted, versions = 0, 0, 0
        if files := self._files(source.name, stream.name):
            with _session() as connection:
                found = connection.execute(
                    """
                    select count(*) filter (not is_deleted), count(*) filter (is_deleted), sum(versions)
                    from (
                        select
                            count(*) as versions,
                            arg_max(_is_deleted, (_fetched_at, _batch_id, _version_at)) as is_deleted
                        from read_parquet($files, union_by_name = true)
                        group by _key
                    )
                    """,
                    {"files": files},
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


def _alike(parts: Sequence[Whole]) -> Iterator[list[Whole]]:
    """Parts that name the same columns, and say the same way which keys are still there."""

    def shape(part: Whole) -> tuple[Any, ...]:
        return (tuple(sorted(part.equals)), part.column or "", part.keys is None)

    for _, group in itertools.groupby(sorted(parts, key=shape), key=shape):
        yield list(group)


def _table_of_parts(stream: Stream, parts: Sequence[Whole]) -> pa.Table:
    """One row a combination of values: the columns of `equals`, `_start`, `_end`."""
    names = sorted(parts[0].equals)
    column = parts[0].column
    bound = stream.keep[column].type if column else pa.bool_()
    rows = [
        (*values, part.start, part.end)
        for part in parts
        for values in itertools.product(
            *(value if isinstance(value, frozenset) else (value,) for value in map(part.equals.get, names))
        )
    ]
    types = [*(stream.keep[name].type for name in names), bound, bound]
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(zip((*names, "_start", "_end"), types, strict=True))
        }
    )


def _inside(part: Whole) -> str:
    """The condition that a stored row lies in a part of this shape."""
    terms = [f'stored."{name}" = parts."{name}"' for name in sorted(part.equals)]
    if part.column:
        terms.append(f'(parts._start is null or stored."{part.column}" >= parts._start)')
        terms.append(f'(parts._end is null or stored."{part.column}" < parts._end)')
    return " and ".join(terms) or "true"


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One database in memory for all of landing: opening one takes longer than what a batch asks of it."""
    return duckdb.connect(config={"threads": 1})


def _session() -> duckdb.DuckDBPyConnection:
    """Somebody to ask, with tables and views of their own. Close it when done."""
    session = _engine().cursor()
    session.execute("set timezone = 'UTC'; set enable_progress_bar = false")
    return session


def row_hashes(table: pa.Table) -> pa.Array:
    """The hash of each row: half the MD5 of all kept fields as JSON, the envelope left out.

    Equal for equal content, whenever and however it was fetched.
    """
    with _session() as connection:
        connection.register("incoming", table)
        hashed = connection.execute(f"select {_content_hash(table)} as h from incoming").to_arrow_table()
        return hashed["h"].combine_chunks()


def _content_hash(table: pa.Table) -> str:
    fields = ", ".join(f'"{name}" := "{name}"' for name in table.column_names if name not in ENVELOPE.names)
    return f"substr(md5(concat(to_json(struct_pack({fields})), _is_deleted)), 1, 16)"


class Known:
    """Which version of which record a stream's files hold: tells changed rows from those read again."""

    def __init__(self, folder: Path) -> None:
        self._db = _session()
        self._db.execute(
            f"""create temp table known as
                select hash(_key) as key_hash, _row_hash as row_hash, _is_deleted as is_deleted
                from read_parquet('{folder}/*.parquet', union_by_name = true) qualify {LATEST}"""
        )

    def changed(self, rows: pa.Table) -> pa.Table:
        """The rows that are new or differ, with `_row_hash` filled in; the same columns in the same order.

        See `row_hashes`.
        """
        self._db.register("incoming", rows.append_column("_place", pa.arange(0, len(rows))))
        found = self._db.execute(
            f"""select _place, seen._row_hash from (
                    select _key, _place, {_content_hash(rows)} as _row_hash
                    from incoming
                ) as seen left join known on known.key_hash = hash(seen._key)
                where known.row_hash is distinct from seen._row_hash
                order by _key"""
        ).to_arrow_table()
        self._db.unregister("incoming")
        place = rows.schema.get_field_index("_row_hash")
        return rows.take(found["_place"]).set_column(place, rows.schema.field(place), found["_row_hash"])

    def among(self, keys: pa.Array | pa.ChunkedArray, *, live: bool = False) -> pa.Array:
        """Those of these keys that the stream has known before, live or gone; live: that are still there."""
        self._db.register("asked", pa.table({"_key": keys}))
        found = self._db.execute(
            "select _key from asked where hash(_key) in"
            " (select key_hash from known where not (is_deleted and $1))",
            [live],
        ).to_arrow_table()
        self._db.unregister("asked")
        return found["_key"].combine_chunks()

    def add(self, rows: pa.Table) -> None:
        """Rows that have been written."""
        self._db.register("written", rows.select(["_key", "_row_hash", "_is_deleted"]))
        self._db.execute("delete from known where key_hash in (select hash(_key) from written)")
        self._db.execute("insert into known select hash(_key), _row_hash, _is_deleted from written")
        self._db.unregister("written")

    def close(self) -> None:
        self._db.close()


def write_parquet(table: pa.Table, path: Path) -> None:
    """A Parquet file under a temporary name, flushed to disk, then renamed; the new name is flushed too.

    Columns whose values hardly repeat are written without a dictionary: it takes time and room.
    """
    repeating = [name for name in table.column_names if name not in ("_key", "_row_hash")]
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as out:
            pq.write_table(table, out, compression="zstd", use_dictionary=repeating)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        _keep_names(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


PROCESS = secrets.token_hex(4)
"""Tells this process from an earlier one that had its number."""


def _temporary(path: Path) -> Path:
    """The name under which this process writes a file that is to be `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}-{PROCESS}.tmp")


def _is_at_work(temporary: Path) -> bool:
    """Whether the process that began this file lives: names without one are of killed processes."""
    number, _, process = temporary.name.removesuffix(".tmp").rpartition(".")[2].partition("-")
    if not number.isdecimal() or not process:
        return False
    if int(number) == os.getpid():
        return process == PROCESS
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_text(text: str, path: Path) -> None:
    """A text file, whole or not at all."""
    replace_file(path, text.encode())


def replace_file(path: Path, content: bytes) -> None:
    """A file under a temporary name, flushed to disk, then renamed; the new name is flushed too.

    Who may read and write a file that was there may do so afterwards, and nobody else.
    """
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as out:
            if path.exists():
                os.fchmod(out.fileno(), path.stat().st_mode & 0o777)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        _keep_names(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _keep_names(folder: Path) -> None:
    """Flush a folder, so that a renamed file has its name after a power cut and renames keep their order."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

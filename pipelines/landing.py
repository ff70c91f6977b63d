"""Landing one feed: ask, cut personal data, judge, write; go on where the last run stopped.

A batch is judged before it is written. A refused batch leaves the lake as it was, goes to quarantine
and ends its source's run; its cursor is not moved, so the next run asks for the same rows again. Where the
source breaks off, the complete pages before that are a batch: the next run goes on after them.
Not in here: how to page (`sources/walks/`), what must hold (`expectations/landing/`), files (`lake.py`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from expectations.gate import Gate, judge
from pipelines.border import Columns, batch_table, beside, border_columns, quarantined, table_of
from pipelines.lake import NONE_TOLD, Known, Lake, Manifest, row_hashes, write_text
from pipelines.privacy import pseudonymiser
from pipelines.sources.http import KeyRefused, SourceBlocked, SourceDenied, SourceDown
from pipelines.sources.spec import (
    Connection,
    Count,
    Feed,
    Handle,
    Page,
    Pseudonymise,
    Row,
    Source,
    SourceChanged,
    Span,
    Stream,
    Whole,
    json_type,
    parse_instant,
    stamp,
)

log = logging.getLogger(__name__)

Progress = Callable[[str, str, int], None]
"""(source, feed, records received so far): for a display, may be called often."""
Gates = dict[tuple[str, str], Gate]


LONGEST_GOODBYE_S = 5.0
"""How long an ending feed waits for a request that is still out; it ends with the process at the latest."""

BELIEVED = 50
"""So many known records may be missing from an answer without any row; a larger loss is not believed."""


READ_AGAIN = "read_again"
"""The window of a count by which a source that counts nothing is held against what it showed before."""

NO_KEYS = pa.array([], pa.string())


class BatchRefused(Exception):
    """The landing gate said no: every reason is a sentence."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class FeedResult:
    """What landing one feed did. `refused`: the sentences why it stopped, empty when it went well."""

    source: str
    feed: str
    received: int
    written: dict[str, int]
    requests: int
    seconds: float
    refused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


# --- One feed ---------------------------------------------------------------------------------


class Vault(Protocol):
    """Where public handles go, and nowhere else."""

    def remember(self, source: str, handles: list[Handle], seen_at: datetime) -> None: ...


class Erased(Protocol):
    """Who was erased at the source: asked by pseudonym, and told of other pseudonyms of the same people."""

    def __call__(self, value: str, /) -> bool: ...

    def add(self, pseudonyms: set[str]) -> None: ...


@dataclass
class _Pending:
    """Pages since the last batch: their records, and the parts of streams they showed completely.

    columns: by stream, a part for each quarter of a batch, made while the next page is on its way; bare: from
    which record on there are none yet. changed: by stream, why its records cannot be put into columns.
    ends: how many records and parts there were at the last page after which a batch may end, and that page.
    """

    records: list[Any] = field(default_factory=list)
    columns: dict[str, list[Columns]] = field(default_factory=dict)
    bare: int = 0
    whole: list[Whole] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    last: Page | None = None
    pages: int = 0
    ends: tuple[int, int, Page] | None = None

    def add(self, source: Source, feed: Feed, page: Page, hash_of: Pseudonymise) -> None:
        """One more page."""
        self.records += page.records
        self.whole += [_with_keys(source, part, hash_of) for part in page.whole]
        self.last = page
        self.pages += 1
        if not page.unfinished:
            self.ends = len(self.records), len(self.whole), page
        if len(self.records) - self.bare >= feed.batch_records // 4:
            self.fill(source, feed, hash_of)

    def is_full(self, feed: Feed) -> bool:
        """Whether the last page ends a batch: enough records or pages, or all there is."""
        assert self.last is not None
        enough = len(self.records) >= feed.batch_records or self.pages >= feed.batch_pages
        return (enough or self.last.watermark is not None) and not self.last.unfinished

    def complete(self) -> _Pending | None:
        """What may be landed although the feed broke off: all up to the last page that may end a batch."""
        if self.ends is None:
            return None
        records, parts, page = self.ends
        return _Pending(records=self.records[:records], whole=self.whole[:parts], last=page)

    def fill(self, source: Source, feed: Feed, hash_of: Pseudonymise) -> None:
        """Put all records into columns that are not yet."""
        assert self.last is not None
        for stream in feed.streams:
            try:
                part = border_columns(stream, _rows(stream, self.records[self.bare :], hash_of), hash_of)
                self.columns.setdefault(stream.name, []).append(part)
            except SourceChanged as error:
                self.changed[stream.name] = f"{source.name}/{stream.name}: {error}, near {self.last.where}"
        self.bare = len(self.records)


class Landing:
    """One run's landing into one lake: the same run id, gates, span and hash key for every feed."""

    def __init__(
        self,
        lake: Lake,
        *,
        run_id: str,
        gates: Gates,
        hash_key: bytes,
        span: Span,
        progress: Progress = lambda _source, _feed, _records: None,
        vault: Vault | None = None,
        forgotten: Erased | None = None,
    ) -> None:
        self.lake, self.run_id, self.gates, self.span = lake, run_id, gates, span
        self.progress, self._hash_key = progress, hash_key
        self.vault, self.forgotten = vault, forgotten
        self._sequence = itertools.count()
        self._again: dict[tuple[str, str], Counter[str]] = {}

    def feed(self, source: Source, feed: Feed, client: Connection) -> FeedResult:
        """Read one feed to its end. Never raises for what the source does wrong: see `refused`."""
        began, before = datetime.now(UTC), client.spent.requests
        self._again.pop((source.name, feed.name), None)
        self.lake.prepare(source)
        hash_of = pseudonymiser(self._hash_key, source.name)
        known = {stream.name: self.lake.known(source.name, stream) for stream in feed.streams}
        written = dict.fromkeys((stream.name for stream in feed.streams), 0)
        above = self._above(source, feed)
        received, warnings = 0, list[str]()
        refused: list[str] = blocked_until(self.lake.data, source.name)
        pending, spent, now, told = _Pending(), client.spent.requests, began, tuple[Count, ...]()

        def broken_off(error: Exception) -> list[str]:
            """Land the complete pages that came before the error; why the feed stopped."""
            nonlocal warnings
            reasons, part = [str(error)], pending.complete()
            try:
                if part is not None:
                    warnings += self._batch(source, feed, part, hash_of, known, client, spent, written)
            except BatchRefused as refusal:
                reasons += refusal.reasons
            return self._set_aside(source, feed, pending, hash_of, reasons, rows=False)

        try:
            if not refused:
                cursor = self.lake.cursor(source.name, feed)
                for page in ahead(feed.walk.pages(client, cursor, self.span)):
                    shown = replace(page, records=_of_known(feed, page.records, above)) if above else page
                    pending.add(source, feed, shown, hash_of)
                    told = page.counts
                    received += len(page.records)
                    self.progress(source.name, feed.name, received)
                    if pending.is_full(feed):
                        warnings += self._batch(source, feed, pending, hash_of, known, client, spent, written)
                        pending, spent = _Pending(), client.spent.requests
                        now = page.server_now
                self._count(source, feed, client, now, told, changed=any(written.values()))
        except BatchRefused as error:
            refused = error.reasons
        except SourceBlocked as error:
            block(self.lake.data, source.name, error.seconds)
            refused = broken_off(error)
        except (SourceChanged, SourceDown, SourceDenied, KeyRefused) as error:
            refused = broken_off(error)
        finally:
            for one in (*known.values(), *((above,) if above else ())):
                one.close()
        for sentence in refused:
            log.warning("%s/%s stopped: %s", source.name, feed.name, sentence)
        return FeedResult(
            source=source.name,
            feed=feed.name,
            received=received,
            written=written,
            requests=client.spent.requests - before,
            seconds=(datetime.now(UTC) - began).total_seconds(),
            refused=tuple(refused),
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def _above(self, source: Source, feed: Feed) -> Known | None:
        """What the lake has of the stream on whose records this feed depends; None: it depends on none."""
        if feed.only_of is None:
            return None
        (stream,) = (one for one in source.streams if one.name == feed.only_of[1])
        return self.lake.known(source.name, stream)

    def _batch(
        self,
        source: Source,
        feed: Feed,
        pending: _Pending,
        hash_of: Pseudonymise,
        known: dict[str, Known],
        client: Connection,
        spent: int,
        written: dict[str, int],
    ) -> list[str]:
        """Judge the pending records, all streams of the feed, then write them; returns warnings.

        While the gate judges a stream, another thread finds out which of its rows have changed.
        """
        pending.fill(source, feed, hash_of)
        page = pending.last
        assert page is not None
        self._recognise(feed, pending)
        batch_id = self._batch_id()
        tables: dict[str, pa.Table] = {}
        verdicts: dict[str, dict[str, Any]] = {}
        reasons: list[str] = []
        warnings: list[str] = []
        changes: dict[str, Future[pa.Table]] = {}
        with ThreadPoolExecutor(1) as beside:
            for stream in feed.streams:
                if stream.name in pending.changed:
                    reasons.append(pending.changed[stream.name])
                    continue
                parts = pending.columns[stream.name]
                table = batch_table(stream, parts, batch_id, page.server_now, self.forgotten)
                tables[stream.name] = table
                if not table.num_rows:
                    continue
                changes[stream.name] = beside.submit(known[stream.name].changed, table)
                accepted, sentences, verdicts[stream.name] = self._verdict(source, stream, table)
                (warnings if accepted else reasons).extend(sentences)
        if reasons:
            raise BatchRefused(self._set_aside(source, feed, pending, hash_of, reasons, rows=True))
        if self.vault is not None:
            handles = [
                handle
                for stream in feed.streams
                for record in pending.records
                for handle in stream.handles(record, hash_of)
                if self.forgotten is None or not self.forgotten(handle.pseudonym)
            ]
            self.vault.remember(source.name, handles, page.server_now)
        gone = self._gone(source, feed, pending, tables, known)
        buried = len(gone.get(feed.streams[0].name, ()))
        if buried > BELIEVED and not tables[feed.streams[0].name].num_rows:
            buried = len(self.lake.gone(source.name, feed.streams[0], _unnamed(pending, feed), NO_KEYS))
        if buried > BELIEVED and not tables[feed.streams[0].name].num_rows:
            what = f"{source.name}/{feed.streams[0].name}"
            sentence = f"{what}: expected: some of {buried:,} known records again; came: none of them"
            raise BatchRefused(self._set_aside(source, feed, pending, hash_of, [sentence], rows=True))
        primary = feed.streams[0]
        again = [part.equals for part in pending.whole if part.again]
        if again:
            tally = self._again.setdefault((source.name, feed.name), Counter())
            tally.update(_shown_and_held(again, tables[primary.name], known[primary.name]))
        others = [stream for stream in source.streams if stream.name in gone and stream not in feed.streams]
        for stream in (*others, *reversed(feed.streams)):
            arrived = tables.get(stream.name)
            landing = [changes[stream.name].result()] if stream.name in changes else []
            if stream.name in gone:
                landing.append(tombstones(stream, gone[stream.name], batch_id, page.server_now))
            rows_written = sum(part.num_rows for part in landing)
            if stream is not primary and not rows_written:
                continue
            lands = rows_written > 0
            self.lake.write(
                pa.concat_tables(landing) if lands else None,
                Manifest(
                    batch_id=batch_id,
                    run_id=self.run_id,
                    source=source.name,
                    feed=feed.name,
                    stream=stream.name,
                    landed_at=stamp(datetime.now(UTC)),
                    since=stamp(self.span.since) if self.span.since else None,
                    until=stamp(self.span.until) if self.span.until else None,
                    cursor=page.cursor if stream is primary else None,
                    watermark=stamp(page.watermark) if page.watermark and stream in feed.streams else None,
                    rows_received=arrived.num_rows if arrived is not None else 0,
                    rows_written=rows_written,
                    requests=client.spent.requests - spent if stream is primary else 0,
                    waited_s=round(client.spent.waited_s, 3),
                    file=f"{batch_id}.parquet" if lands else None,
                    warnings=warnings if stream is primary else [],
                    source_version=page.version or NONE_TOLD,
                    verdict=verdicts.get(stream.name),
                ),
            )
            for part in landing:
                if stream.name in known and part.num_rows:
                    known[stream.name].add(part)
            if lands:
                written[stream.name] = written.get(stream.name, 0) + rows_written
        return warnings

    def _recognise(self, feed: Feed, pending: _Pending) -> None:
        """Learn under which other names the source shows those who were erased, before anything is cut."""
        while self.forgotten is not None:
            found: set[str] = set()
            for stream in feed.streams:
                for part in pending.columns.get(stream.name, ()):
                    found |= beside(stream, part, self.forgotten)
            if not found:
                return
            self.forgotten.add(found)

    def _verdict(
        self, source: Source, stream: Stream, table: pa.Table
    ) -> tuple[bool, list[str], dict[str, Any]]:
        """Whether the stream's gate, where it has one, accepts these rows, what it says, and the verdict as
        a manifest keeps it."""
        gate = self.gates.get((source.name, stream.name), Gate((source.name, stream.name), ()))
        shown = [name for name in table.column_names if name in gate.columns] or ["_key"]
        verdict = judge(gate, table.select(shown).to_pandas())
        failed = {(one.rule, one.columns) for one in (*verdict.failures, *verdict.warnings)}
        kept = {
            "judged_at": stamp(datetime.now(UTC)),
            "accepted": verdict.accepted,
            "expectations": {
                " ".join([rule.rule, *rule.columns]): (rule.rule, rule.columns) not in failed
                for rule in gate.expectations
            },
        }
        sentences = [f"{source.name}/{stream.name}: {one}" for one in verdict.sentences()]
        return verdict.accepted, sentences, kept

    def _gone(
        self,
        source: Source,
        feed: Feed,
        pending: _Pending,
        tables: dict[str, pa.Table],
        known: dict[str, Known],
    ) -> dict[str, pa.Array]:
        """stream -> keys of records that the source no longer has, where this batch shows it."""
        primary = feed.streams[0]
        parts: dict[str, list[Whole]] = {}
        for whole in pending.whole:
            parts.setdefault(whole.stream, []).append(whole)
        brought = {stream.name: stream.whole_by for stream in feed.streams if stream.whole_by is not None}
        parents = known[primary.name].among(tables[primary.name]["_key"]) if brought else ()
        if len(parents):
            met = tables[primary.name].filter(pc.is_in(tables[primary.name]["_key"], value_set=parents))
            values = frozenset(met[primary.key[0]].to_pylist())
            for name, column in brought.items():
                parts.setdefault(name, []).append(Whole(name, {column: values}))
        found: dict[str, pa.Array] = {}
        waiting = list(source.streams)
        while waiting:
            stream = next(one for one in waiting if one.goes_with is None or _upstream(one, waiting) is None)
            waiting.remove(stream)
            if stream.goes_with is not None and stream.goes_with[1] in found:
                column = stream.goes_with[0]
                gone = frozenset(found[stream.goes_with[1]].cast(stream.keep[column].type).to_pylist())
                parts.setdefault(stream.name, []).append(Whole(stream.name, {column: gone}, keys=frozenset()))
            if stream.name in parts:
                arrived = tables[stream.name]["_key"] if stream.name in tables else NO_KEYS
                keys = self.lake.gone(source.name, stream, parts[stream.name], arrived)
                if len(keys):
                    found[stream.name] = keys
        return found

    def _set_aside(
        self,
        source: Source,
        feed: Feed,
        pending: _Pending,
        hash_of: Pseudonymise,
        reasons: list[str],
        *,
        rows: bool,
    ) -> list[str]:
        """Quarantine what was pending; for the primary stream always, so that the source shows as refused."""
        batch_id = self._batch_id()
        for stream in feed.streams:
            kept: list[Row] = []
            if rows:
                for record in pending.records:
                    try:
                        kept += [
                            quarantined(stream, row, hash_of, self.forgotten)
                            for row in _rows(stream, [record], hash_of)
                        ]
                    except SourceChanged:
                        kept.append({"unexpected": "a record of another shape"})
            if kept or stream is feed.streams[0]:
                self.lake.refuse(source.name, stream.name, batch_id, datetime.now(UTC), reasons, kept)
        return reasons

    def _count(
        self,
        source: Source,
        feed: Feed,
        client: Connection,
        now: datetime,
        told: tuple[Count, ...],
        *,
        changed: bool,
    ) -> None:
        """Hold what is stored against what the source itself counts: after changes, else once a day.

        told: counts that came with the last page; the others are asked for. Where the source counts nothing,
        what it showed again is held against what was stored before; a run without that leaves the last
        comparison.
        """
        primary = feed.streams[0]
        path = self.lake.raw / "_pipeline" / "counts" / f"{source.name}__{primary.name}.json"
        former = json.loads(path.read_text()) if path.exists() else {}
        read_again = [row for row in former.get("counts", ()) if row["window_name"] == READ_AGAIN]
        again = self._again.get((source.name, feed.name), Counter())
        if again["shown"]:
            count = Count(READ_AGAIN, None, None, again["shown"], stream=primary.name)
            read_again = [_counted(count, again["held"])]
        elif former and not changed and now.date() <= parse_instant(former["counted_at"]).date():
            return
        streams = {stream.name: stream for stream in feed.streams}
        counts = []
        for one in (*told, *feed.walk.counts(client, self.span, now)):
            name = one.stream or primary.name
            stored = self.lake.stored_between(source.name, streams[name], one.start, one.end)
            counts.append(_counted(replace(one, stream=name), stored))
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [*counts, *read_again]
        write_text(json.dumps({"counted_at": stamp(now), "counts": rows}, indent=1), path)

    def _batch_id(self) -> str:
        """Sortable by our clock; the sequence keeps batches of one microsecond apart."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{next(self._sequence):04d}"


def _counted(count: Count, stored: int) -> dict[str, Any]:
    """A row of the file of counts: what the source counts of a stream's window, and what is stored of it."""
    return {
        "stream": count.stream,
        "window_name": count.window,
        "window_start": stamp(count.start) if count.start else None,
        "window_end": stamp(count.end) if count.end else None,
        "source_count": count.records,
        "stored_count": stored,
    }


def _shown_and_held(parts: Sequence[Mapping[str, Any]], rows: pa.Table, known: Known) -> dict[str, int]:
    """How many of these rows lie in parts that were read again, and how many of those were stored and alive.

    parts: column -> value, all of the same columns.
    """
    columns = {name: pa.array([part[name] for part in parts], rows[name].type) for name in parts[0]}
    shown = rows.select(["_key", *columns]).join(pa.table(columns), [*columns], join_type="left semi")
    return {"shown": len(shown), "held": len(known.among(shown["_key"], live=True))}


def _of_known(feed: Feed, records: list[Any], above: Known) -> list[Any]:
    """The records that belong to a live record of `above`, and those that do not say to which they belong."""
    assert feed.only_of is not None
    numbers = [record.get(feed.only_of[0]) if isinstance(record, dict) else None for record in records]
    keys = pa.array([None if number is None else str(number) for number in numbers], pa.string())
    there = {None, *above.among(keys, live=True).to_pylist()}
    return [record for record, key in zip(records, keys.to_pylist(), strict=True) if key in there]


def _with_keys(source: Source, part: Whole, hash_of: Pseudonymise) -> Whole:
    """The same part with the keys of the records that it names."""
    if part.named is None:
        return part
    (stream,) = (one for one in source.streams if one.name == part.stream)
    kind = stream.keep[stream.key[0]].pseudonym_of
    keys = (str(value) if kind is None else str(hash_of(kind, value)) for value in part.named)
    return replace(part, keys=frozenset(keys), named=None)


def _unnamed(pending: _Pending, feed: Feed) -> list[Whole]:
    """Parts of the feed's own stream of which the source sent what is still there, instead of naming it."""
    return [part for part in pending.whole if part.stream == feed.streams[0].name and part.keys is None]


def _upstream(stream: Stream, among: list[Stream]) -> Stream | None:
    """The stream with which this one goes, when it is among these."""
    return next((one for one in among if stream.goes_with and one.name == stream.goes_with[1]), None)


def tombstones(stream: Stream, keys: pa.Array, batch_id: str, at: datetime) -> pa.Table:
    """Rows that say that these records are gone: the key alone, every kept field empty. at: UTC."""
    nothing = {name: pa.nulls(len(keys), kept.type) for name, kept in stream.keep.items()}
    table = table_of(stream, nothing, batch_id, at, is_deleted=True, keys=keys)
    place = table.schema.get_field_index("_row_hash")
    return table.set_column(place, table.schema.field(place), row_hashes(table))


def _rows(stream: Stream, records: Sequence[Any], hash_of: Pseudonymise) -> list[Row]:
    """The stream's rows of these records; a record without the parts they are made of is a change."""
    odd = next((kind for kind in set(map(type, records)) if not issubclass(kind, dict)), None)
    if odd is not None:
        came = json_type(next(record for record in records if type(record) is odd))
        raise SourceChanged("an object in every place of the list", came, stream.name)
    try:
        return list(itertools.chain.from_iterable(map(stream.rows, records, itertools.repeat(hash_of))))
    except KeyError as error:
        raise SourceChanged(f"the field `{error.args[0]}`", "a record without it", stream.name) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise SourceChanged("records of the known form", type(error).__name__, stream.name) from None


def ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """The same pages, up to two asked for while the last one is landed; errors come in their place."""
    waiting: queue.Queue[Page | BaseException | None] = queue.Queue(maxsize=2)
    stopped = threading.Event()

    def give(one: Page | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(one, timeout=0.1)
                return

    def read() -> None:
        try:
            for page in pages:
                give(page)
                if stopped.is_set():
                    return
            give(None)
        except BaseException as error:
            give(error)

    reader = threading.Thread(target=read, name="reading ahead", daemon=True)
    reader.start()
    try:
        while (one := waiting.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        stopped.set()
        reader.join(LONGEST_GOODBYE_S)


# --- Blocks -----------------------------------------------------------------------------------


def block(data: Path, source: str, seconds: float) -> None:
    """Remember that a source asked us to stay away: no run asks it before that instant."""
    path = _block_file(data, source)
    path.parent.mkdir(parents=True, exist_ok=True)
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    write_text(json.dumps({"until": stamp(until)}), path)


def blocked_until(data: Path, source: str) -> list[str]:
    """The sentence that says why a source must not be asked now; [] when it may be."""
    until = block_of(data, source)
    return [f"{source} asked us to stay away until {stamp(until)}: nothing was asked"] if until else []


def block_of(data: Path, source: str) -> datetime | None:
    """The instant (UTC) before which a source must not be asked; None when it may be. Forgets old blocks."""
    path = _block_file(data, source)
    if not path.exists():
        return None
    until = parse_instant(json.loads(path.read_text())["until"])
    if until <= datetime.now(UTC):
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    return until


def _block_file(data: Path, source: str) -> Path:
    return data / "raw" / "_pipeline" / "blocks" / f"{source}.json"

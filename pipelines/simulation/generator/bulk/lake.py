"""A community straight into a lake, without HTTP: what a first load of its servers would have left there.

Months are made and written in batches by processes side by side; each batch passes its landing gate. Cursors,
counts, vault and world are left so that `mdm status`, `mdm build` and a later run go on from here.

    <data>/raw/...            as `pipelines/lake.py` tells
    <data>/truth/*.parquet    what is true (`bulk/truth.py`)

Not in here: what people do (the systems' modules), and what passes the border (`pipelines/border.py`).
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.dataset import dataset

from expectations.gate import judge
from expectations.landing import LANDING
from pipelines import run, settings
from pipelines.border import border_table, table_of
from pipelines.lake import NONE_TOLD, Lake, Manifest, row_hashes, write_parquet, write_text
from pipelines.landing import BatchRefused
from pipelines.privacy import pseudonymiser
from pipelines.simulation.generator.bulk import bugzilla, discourse, keeping, pontoon, reps, sumo, truth
from pipelines.simulation.generator.bulk.crowd import SYSTEMS, Crowd, make_crowd
from pipelines.simulation.generator.bulk.names import Pseudonyms
from pipelines.simulation.generator.bulk.places import CODES
from pipelines.simulation.generator.bulk.size import Size
from pipelines.simulation.generator.chance import moment
from pipelines.sources import SOURCES
from pipelines.sources.pontoon import CLOSES_AFTER
from pipelines.sources.spec import Feed, Handle, Record, Source, Stream, stamp, trailing_number
from pipelines.sources.walks.common import midnight, short
from pipelines.sources.walks.topics import signature

MOST_FILES = 48
"""So many batches a stream at most: a run compacts a stream of more than `run.MANY_FILES`."""

ACTS = {
    "bugzilla": ("bugs", "changes", "comments", "attachments"), "pontoon": ("user_actions",),
    "sumo": ("questions", "answers"), "reps": ("events", "activities"), "discourse": ("topics", "posts"),
}  # fmt: skip
"""The streams whose rows are events: what somebody did at some time."""


UNCOUNTED = (("pontoon", "user_actions"), ("sumo", "locales"))
"""Streams of which the source gives no number, beside those of Bugzilla and Discourse."""

DAYS_A_WINDOW = 7
"""So many days of flag activity a run asks for at once, after a written lake."""


@dataclass
class Done:
    """What was written: rows by "source/stream". peak_bytes: of all processes together."""

    people: int
    accounts: int
    contributions: int
    rows: Counter[str]
    seconds: float
    peak_bytes: int

    @property
    def events(self) -> int:
        return sum(self.rows[f"{source}/{stream}"] for source, streams in ACTS.items() for stream in streams)


@dataclass
class Batch:
    """What one batch left: rows by stream, what cursors and lists need, the process's peak memory."""

    source: str
    number: int
    rows: dict[str, int]
    true: Counter[str]
    newest: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, int] = field(default_factory=dict)
    recent: dict[str, int] = field(default_factory=dict)
    accounts: np.ndarray[Any, Any] | None = None
    statuses: np.ndarray[Any, Any] | None = None
    topics: dict[str, list[Any]] = field(default_factory=dict)
    events: list[keeping.Event] = field(default_factory=list)
    flags: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    told: np.ndarray[Any, Any] | None = None
    acted: np.ndarray[Any, Any] | None = None
    places: np.ndarray[Any, Any] | None = None
    peak_bytes: int = 0


class Maker:
    """One process's copy of the crowd, and all it needs to write a batch."""

    def __init__(self, size: Size, seed: int, data: Path, key: bytes, at: datetime) -> None:
        self.crowd, self.key, self.data, self.at = make_crowd(size, seed), key, data, at
        self.lake, self.size = Lake(data), size
        self._names: dict[str, Pseudonyms] = {}

    def names(self, source: str) -> Pseudonyms:
        if source not in self._names:
            self._names[source] = Pseudonyms(self.crowd, source, self.key)
        return self._names[source]

    def batch(self, source: str, number: int, months: list[int]) -> Batch:
        """Make these months of a source, write their rows and what is true of them."""
        columns, true, batch = MAKERS[source](self, months, number)
        for stream in SOURCES[source].streams:
            if stream.name in columns:
                made = columns[stream.name]
                table = made if isinstance(made, pa.Table) else self.table(stream, made, number)
                self.write(source, stream, table, number)
                batch.rows[stream.name] = table.num_rows
        for name, rows in true.items():
            if rows.num_rows:
                pq.write_table(rows, parts_folder(self.data) / f"{name}-{source}-{number:04d}.parquet")
            batch.true[name] += rows.num_rows
        batch.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return batch

    def batch_id(self, number: int) -> str:
        return f"{self.at:%Y%m%dT%H%M%S%f}-{number:04d}"

    def table(self, stream: Stream, columns: dict[str, pa.Array], number: int) -> pa.Table:
        """Ready columns as the lake's rows; its hash last, like every row's there."""
        return table_of(stream, columns, self.batch_id(number), self.size.clock)

    def border(self, source: str, stream: Stream, records: Iterable[Record], number: int) -> pa.Table:
        """Native records across the border, as landing takes them."""
        hash_of = pseudonymiser(self.key, source)
        rows = [row for record in records for row in stream.rows(record, hash_of)]
        return border_table(stream, rows, hash_of, self.batch_id(number), self.size.clock)

    def write(self, source: str, stream: Stream, table: pa.Table, number: int) -> None:
        """Judge and write one table; raises BatchRefused. No file for no rows."""
        if not table.num_rows:
            return
        gate = LANDING.get((source, stream.name))
        if gate is not None:
            shown = [name for name in table.column_names if name in gate.columns]
            verdict = judge(gate, table.select(shown).to_pandas())
            if not verdict.accepted:
                raise BatchRefused([f"{source}/{stream.name}: {one}" for one in verdict.sentences()])
        place = table.schema.get_field_index("_row_hash")
        table = table.set_column(place, table.schema.field(place), row_hashes(table))
        folder = self.lake.folder(source, stream.name)
        folder.mkdir(parents=True, exist_ok=True)
        write_parquet(table, folder / f"{self.batch_id(number)}.parquet")


Made = tuple[dict[str, Any], dict[str, pa.Table], Batch]
Columns = dict[str, Any]


def _bugzilla(maker: Maker, months: list[int], number: int) -> Made:
    made = [bugzilla.draw(maker.crowd, month) for month in months]
    tables = bugzilla.tables(made, maker.names("bugzilla"))
    seen = [np.unique(np.r_[month.bugs["reporter"], month.bugs["assignee"]]) for month in made]
    recent = sum(int((month.bugs["at"] >= _recently(maker.size)).sum()) for month in made)
    batch = Batch(
        "bugzilla", number, {}, Counter(), accounts=np.unique(np.concatenate(seen)), recent={"bugs": recent}
    )
    batch.flags, batch.told = bugzilla.flag_changes(made), bugzilla.told(made)
    batch.acted = bugzilla.acted(made)
    batch.places = bugzilla.places_used(made)
    return tables, truth.of_bugzilla(maker.crowd, made), batch


def _pontoon(maker: Maker, months: list[int], number: int) -> Made:
    made = [pontoon.draw(maker.crowd, month) for month in months]
    statuses = pontoon.added(pontoon.statuses(month) for month in made)
    batch = Batch("pontoon", number, {}, Counter(), statuses=statuses, oldest=pontoon.begins(made))
    batch.acted = np.unique(np.concatenate([month.actions["who"] for month in made]))
    return pontoon.tables(made, maker.names("pontoon")), truth.of_pontoon(maker.crowd, made), batch


def _sumo(maker: Maker, months: list[int], number: int) -> Made:
    made = [sumo.draw(maker.crowd, month) for month in months]
    batch = Batch("sumo", number, {}, Counter(), places=sumo.asked(made))
    for kind in ("questions", "answers"):
        rows = [getattr(month, kind) for month in made]
        batch.newest[kind] = max((int(one["updated"].max()) for one in rows if len(one["id"])), default=0)
        batch.recent[kind] = sum(int((one["at"] >= _recently(maker.size)).sum()) for one in rows)
    return sumo.tables(maker.crowd, made, maker.names("sumo")), truth.of_sumo(maker.crowd, made), batch


def _reps(maker: Maker, months: list[int], number: int) -> Made:
    made = [reps.draw(maker.crowd, month) for month in months]
    found = {}
    for stream in SOURCES["reps"].streams:
        if stream.name != "people":
            records = [record for month in made for record in getattr(month, stream.name)]
            found[stream.name] = maker.border("reps", stream, map(numbered, records), number)
    acts = [act for month in made for act in month.acts]
    batch = Batch("reps", number, {}, Counter(), acted=reps.named(maker.crowd, made))
    batch.events = [keeping.event_of(record) for month in made for record in month.events]
    return found, truth.of_records(maker.crowd, "reps", acts), batch


def _discourse(maker: Maker, months: list[int], number: int) -> Made:
    made = [discourse.draw(maker.crowd, month) for month in months]
    talks = [talk for month in made for talk in talks_of(month)]
    found = {
        stream.name: maker.border("discourse", stream, talks, number)
        for stream in SOURCES["discourse"].streams
        if stream.name != "users"
    }
    batch = Batch("discourse", number, {}, Counter())
    batch.topics = {
        str(talk["topic"]["id"]): [signature(talk["topic"]), short(post["id"] for post in talk["posts"])]
        for talk in talks
    }
    acts = [act for month in made for act in month.acts]
    accounts = np.unique(np.array([act[1] for act in acts], np.int64))
    batch.accounts = accounts
    return found, truth.of_records(maker.crowd, "discourse", acts), batch


MAKERS: dict[str, Callable[[Maker, list[int], int], Made]] = {
    "bugzilla": _bugzilla, "pontoon": _pontoon, "sumo": _sumo, "reps": _reps, "discourse": _discourse,
}  # fmt: skip


def numbered(record: Record) -> dict[str, Any]:
    """A Reps record with its number, as its walk hands it on."""
    return {**record, "_number": trailing_number(record["_url"])}


def talks_of(month: discourse.Month) -> list[dict[str, Any]]:
    """Topics with their posts, as the walk hands them on."""
    posts: dict[int, list[Any]] = {}
    for post in month.posts:
        posts.setdefault(post["topic_id"], []).append(post)
    return [{"topic": topic, "posts": posts[topic["id"]]} for topic in month.topics]


def _recently(size: Size) -> int:
    """Thirty days before the servers' clock: the second window in which a source counts."""
    return size.now - 30 * 86_400_000_000


# --- The whole lake --------------------------------------------------------------------------------


def world_of(size: Size, seed: int) -> run.World:
    """What a data folder says of this community, whether it was served or written."""
    since = {source: size.begins(SOURCES[source].opened_on) for source in SYSTEMS}
    return run.World(
        name=f"{size.name} seed {seed}",
        since={source: at.isoformat() if at else None for source, at in since.items()},
        now=dict.fromkeys(SYSTEMS, size.clock.isoformat()),
    )


def write_lake(
    data: Path,
    size: Size,
    seed: int,
    *,
    workers: int = 2,
    most_files: int = MOST_FILES,
    at: datetime | None = None,
    progress: Callable[[str, int, int], None] = lambda _source, _done, _all: None,
) -> Done:
    """Make the community and write it into `data`, whose lake must be empty.

    workers: processes side by side; 1 makes everything in this one. most_files: batches a stream at most.
    at: our clock, in the names of batches (UTC).
    progress: (source, batches done, all batches). Raises DataInUse for a folder that holds something, and
    BatchRefused when a gate refuses.
    """
    if (data / "raw").exists() or (data / "world.json").exists():
        raise run.DataInUse(f"{data} holds data already; set MDM_DATA to an empty folder.")
    began, at = time.monotonic(), at or datetime.now(UTC)
    settings.make_embedded_hash_key(data)
    run.begin(data, world_of(size, seed))
    parts_folder(data).mkdir(parents=True, exist_ok=True)
    maker = Maker(size, seed, data, settings.hash_key(data), at)
    for source in SYSTEMS:
        maker.lake.prepare(SOURCES[source])
    tasks = list(_tasks(maker.crowd, most_files))
    batches: list[Batch] = []
    for batch in _work(maker, seed, tasks, workers):
        batches.append(batch)
        progress(batch.source, len(batches), len(tasks))
    batches.sort(key=lambda one: (one.source, one.number))
    rows = _close(maker, batches, at)
    true = _write_truth(maker, batches)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if workers > 1:
        peak += workers * max(batch.peak_bytes for batch in batches)
    return Done(
        people=len(maker.crowd.people),
        accounts=sum(len(own) for own in maker.crowd.accounts.values()),
        contributions=true["contributions"],
        rows=rows,
        seconds=time.monotonic() - began,
        peak_bytes=peak,
    )


def _tasks(crowd: Crowd, most_files: int) -> Iterator[tuple[str, int, list[int]]]:
    """(source, batch number, months), the largest source first."""
    count = len(crowd.calendar)
    for source in SYSTEMS:
        for number, months in enumerate(np.array_split(np.arange(count), min(count, most_files))):
            yield source, number, [int(month) for month in months]


def _work(maker: Maker, seed: int, tasks: list[tuple[str, int, list[int]]], workers: int) -> Iterator[Batch]:
    if workers == 1:
        for task in tasks:
            yield maker.batch(*task)
        return
    ready = (maker.size, seed, maker.data, maker.key, maker.at)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_ready, initargs=ready) as pool:
        yield from pool.map(_one, tasks)


_maker: Maker | None = None


def _ready(size: Size, seed: int, data: Path, key: bytes, at: datetime) -> None:
    global _maker
    pa.set_cpu_count(1)
    _maker = Maker(size, seed, data, key, at)


def _one(task: tuple[str, int, list[int]]) -> Batch:
    assert _maker is not None
    return _maker.batch(*task)


def _close(maker: Maker, batches: list[Batch], at: datetime) -> Counter[str]:
    """What is written once a source: its lists, manifests, cursors, counts and handles. Returns all rows."""
    rows: Counter[str] = Counter()
    last = max(batch.number for batch in batches)
    run_id = run.new_run_id()
    for source in SYSTEMS:
        own = [batch for batch in batches if batch.source == source]
        if source == "bugzilla":
            _flags(maker, own)
        for stream, table in _lists(maker, source, own, last):
            maker.write(source, stream, table, last)
            own[-1].rows[stream.name] = table.num_rows
        for feed in SOURCES[source].feeds:
            if not any(stream.name in batch.rows for stream in feed.streams for batch in own):
                continue
            for stream in reversed(feed.streams):
                for batch in own:
                    if stream.name in batch.rows or (batch.number == last and stream is feed.streams[0]):
                        manifest = _manifest(maker, feed, stream, batch, last, own, run_id, at)
                        maker.lake.write(None, manifest)
                        rows[f"{source}/{stream.name}"] += batch.rows.get(stream.name, 0)
            counted = "posts" if source == "discourse" else feed.streams[0].name
            _count(maker, SOURCES[source], feed, own, counted, rows[f"{source}/{counted}"])
        _remember(maker, source, own)
    return rows


def _lists(maker: Maker, source: str, own: list[Batch], last: int) -> list[tuple[Stream, pa.Table]]:
    """Streams that a first load writes once: profiles, accounts, locales and projects."""
    crowd, streams = maker.crowd, {stream.name: stream for stream in SOURCES[source].streams}
    if source == "sumo":
        columns = sumo.profile_table(crowd, maker.names("sumo"))
        products, locales = sumo.lists(_together(batch.places for batch in own))
        return [
            (streams["users"], maker.table(streams["users"], columns, last)),
            (streams["products"], maker.border(source, streams["products"], products, last)),
            (streams["locales"], maker.border(source, streams["locales"], locales, last)),
        ]
    if source == "reps":
        people = map(numbered, reps.people(crowd))
        return [(streams["people"], maker.border(source, streams["people"], people, last))]
    if source == "bugzilla":
        columns = bugzilla.user_table(_seen(own), maker.names("bugzilla"))
        products = bugzilla.product_records(_together(batch.places for batch in own))
        handles = crowd.accounts["bugzilla"].handle
        seen = [handles[place] for place in _together(batch.acted for batch in own)]
        seen += [bugzilla.UNASSIGNED] if (_seen(own) < 0).any() else []
        logins = [{"creator": login, "comments": [], "history": [], "attachments": []} for login in seen]
        return [
            (streams["users"], maker.table(streams["users"], columns, last)),
            (streams["logins"], maker.border(source, streams["logins"], logins, last)),
            *(
                (streams[name], maker.border(source, streams[name], products, last))
                for name in ("products", "components")
            ),
        ]
    if source == "discourse":
        rows = discourse.users(crowd, _seen(own))
        hash_of = pseudonymiser(maker.key, source)
        table = border_table(streams["users"], rows, hash_of, maker.batch_id(last), maker.size.clock)
        return [(streams["users"], table)]
    locales, projects = pontoon.statistics(
        pontoon.added(batch.statuses for batch in own if batch.statuses is not None)
    )
    day = {"_seen_on": maker.size.clock.date().isoformat()}
    public = [{**row, **day} for row in projects if row["visibility"] == "public"]
    lists = {"locales": [{**row, **day} for row in locales], "projects": public}
    translators = pontoon.user_records(crowd, _together(batch.acted for batch in own))
    users = (streams["users"], maker.border(source, streams["users"], translators, last))
    return [
        users,
        *((streams[name], maker.border(source, streams[name], lists[of], last))
        for of, name in (("locales", "locales"), ("locales", "locale_snapshots"),
                         ("projects", "projects"), ("projects", "project_snapshots"))),
    ]  # fmt: skip


def _flags(maker: Maker, own: list[Batch]) -> None:
    """The events of flags: which of them are shown depends on whom the bugs of all months tell of."""
    stream = next(one for one in SOURCES["bugzilla"].streams if one.name == "flag_activity")
    known, accounts = _together(batch.told for batch in own), maker.crowd.accounts["bugzilla"]
    for batch in own:
        records = bugzilla.flag_records(accounts, batch.flags, known)
        table = maker.border("bugzilla", stream, records, batch.number)
        maker.write("bugzilla", stream, table, batch.number)
        batch.rows[stream.name] = table.num_rows
        people = np.r_[batch.flags["who"], batch.flags["whom"]]
        batch.told = np.intersect1d(people, known)


def _seen(own: list[Batch]) -> np.ndarray[Any, Any]:
    return _together(batch.accounts for batch in own)


def _together(parts: Iterable[np.ndarray[Any, Any] | None]) -> np.ndarray[Any, Any]:
    """All that occurs in some of these, once."""
    return np.unique(np.concatenate([part for part in parts if part is not None]))


def _manifest(
    maker: Maker,
    feed: Feed,
    stream: Stream,
    batch: Batch,
    last: int,
    own: list[Batch],
    run_id: str,
    at: datetime,
) -> Manifest:
    """As landing writes them: the last batch of a feed's first stream carries the cursor."""
    source, clock = batch.source, maker.size.clock
    ends = batch.number == last
    count = batch.rows.get(stream.name, 0)
    since = maker.size.begins(SOURCES[source].opened_on)
    watermark = midnight(_last_day(maker.size)) if feed.name == "user_actions" else clock
    batch_id = maker.batch_id(batch.number)
    return Manifest(
        batch_id=batch_id,
        run_id=run_id,
        source=source,
        feed=feed.name,
        stream=stream.name,
        landed_at=stamp(at),
        since=stamp(since) if since else None,
        until=None,
        cursor=_cursor(maker, feed, own) if ends and stream is feed.streams[0] else None,
        watermark=stamp(watermark) if ends else None,
        rows_received=count,
        rows_written=count,
        requests=0,
        waited_s=0.0,
        file=f"{batch_id}.parquet" if count else None,
        source_version=NONE_TOLD,
    )


def _last_day(size: Size) -> Any:
    """The day before which Pontoon's days are over."""
    return (size.clock - CLOSES_AFTER).date()


def _cursor(maker: Maker, feed: Feed, own: list[Batch]) -> dict[str, Any]:
    """Where a feed stands after a first load at the servers' clock."""
    source, clock, rows = own[0].source, maker.size.clock, own[-1].rows
    walk: Any = feed.walk
    rereads = [*getattr(walk, "rereads", ())]
    if feed.name == "bugs":
        rereads = [walk.sweep, walk.visible]
    marks = {"reread": {one.name: stamp(clock) for one in rereads}}
    total = sum(batch.rows.get(feed.streams[0].name, 0) for batch in own)
    if feed.name == "flag_activity":
        return {"next": (clock - timedelta(days=1)).date().isoformat(), "width": DAYS_A_WINDOW, **marks}
    if feed.name == "bugs":
        return {"changed": stamp(clock - walk.overlap), "page": min(walk.limit, total), **marks}
    if source == "discourse":
        return {"topics": {number: one for batch in own for number, one in batch.topics.items()}, **marks}
    if source == "reps":
        return {"count": total, **marks}
    if source == "sumo" and feed.name == "users":
        return {"newest": stamp(moment(int(sumo.profiles(maker.crowd)["joined"].max()))), **marks}
    if source == "sumo" and feed.name in own[0].newest:
        return {"updated": stamp(moment(max(batch.newest[feed.name] for batch in own))), **marks}
    if feed.name == "user_actions":
        numbers = {project.slug: project.pk for project in pontoon.PROJECTS if not project.private}
        days = dict.fromkeys(sorted(numbers), _last_day(maker.size).isoformat())
        acted = {slug: [batch.oldest[slug] for batch in own if slug in batch.oldest] for slug in days}
        begins = {slug: moment(min(at)).date().isoformat() if at else None for slug, at in acted.items()}
        return {"next": days, "pks": numbers, "begins": begins, "owed": [], **marks}
    return {"count": rows.get(feed.name, 0)}


def _count(maker: Maker, source: Source, feed: Feed, own: list[Batch], name: str, total: int) -> None:
    """What the source would count of its own stream `name`, in the windows in which it counts."""
    clock = maker.size.clock
    since = maker.size.begins(source.opened_on)
    windows: list[tuple[str, datetime | None, int]] = []
    recent = sum(batch.recent.get(name, 0) for batch in own)
    if source.name == "bugzilla" and name == "bugs":
        windows.append(("backfill", since, total))
        windows.append(("last_30d", (clock - timedelta(days=30)).replace(microsecond=0), recent))
    elif source.name == "sumo" and name in ("questions", "answers"):
        windows = [("backfill", since or datetime(1990, 1, 1, tzinfo=UTC), total)]
        windows.append(("last_30d", clock - timedelta(days=30), recent))
    elif source.name in ("sumo", "reps", "pontoon", "discourse") and (source.name, name) not in UNCOUNTED:
        windows = [("backfill", None, total)]
    counts = [
        {
            "stream": name, "window_name": window, "source_count": count, "stored_count": count,
            "window_start": stamp(start) if start else None, "window_end": None,
        }
        for window, start, count in windows
    ]  # fmt: skip
    path = maker.lake.raw / "_pipeline" / "counts" / f"{source.name}__{feed.streams[0].name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps({"counted_at": stamp(clock), "counts": counts}, indent=1), path)


def _remember(maker: Maker, source: str, own: list[Batch]) -> None:
    """The handles of everybody whom the source's records show, into the vault."""
    vault = run.vault_of(maker.data)
    if vault is None:
        return
    accounts, names = maker.crowd.accounts[source], maker.names(source)
    hashes = names.of("id").to_pylist()
    places = np.flatnonzero(accounts.visible & ((accounts.person >= 0) | (source == "bugzilla")))
    nobody = list[Handle | None]()
    if source in ("bugzilla", "discourse"):
        shown = _together([_seen(own), *(batch.told for batch in own)])
        places = np.intersect1d(places, shown)
        if source == "bugzilla" and (shown < 0).any():
            detail = bugzilla.NOBODY_DETAIL
            account = str(names.hashed("id", [detail["id"]])[0])
            nobody = [HANDLES["bugzilla"](account, str(detail["name"]), str(detail["real_name"]))]
    if source == "pontoon":
        places = np.intersect1d(places, _together(batch.acted for batch in own))
    if source == "reps":
        places = _together([np.flatnonzero(reps.visible(maker.crowd)), *(batch.acted for batch in own)])
    handles = [
        HANDLES[source](hashes[place], accounts.handle[place], accounts.shown[place])
        for place in places.tolist()
    ]
    vault.remember(source, [one for one in handles + nobody if one is not None], maker.size.clock)


HANDLES: dict[str, Callable[[str, str, str], Handle | None]] = {
    "bugzilla": lambda account, login, name: Handle("id", account, login.partition("@")[0], name or None),
    "pontoon": lambda account, name, _: Handle("id", account, display_name=name) if " " in name else None,
    "sumo": lambda account, name, shown: Handle("id", account, name, shown or None, f"/user/{name}/"),
    "reps": lambda account, name, shown: Handle("id", account, name, shown or None),
    "discourse": lambda account, name, shown: Handle("id", account, name, shown or None, f"/u/{name}"),
}
"""What each source's streams hand to the vault (`Stream.handles`), from the columns of an account."""


# --- Truth -----------------------------------------------------------------------------------------


def parts_folder(data: Path) -> Path:
    return data / "truth" / ".parts"


def _write_truth(maker: Maker, batches: list[Batch]) -> Counter[str]:
    """One file a table; the parts that batches left are joined one after the other."""
    folder, parts = maker.data / "truth", parts_folder(maker.data)
    people = truth.people_tables(maker.crowd)
    for name, table in people.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    for name in ("contributions", "questions", "reviews"):
        with pq.ParquetWriter(folder / f"{name}.parquet", truth.SCHEMAS[name], compression="zstd") as out:
            for path in sorted(parts.glob(f"{name}-*.parquet")):
                out.write_table(pq.read_table(path))
    shutil.rmtree(parts)
    done = dataset(folder / "contributions.parquet")
    events = [event for batch in batches for event in batch.events]
    files, planted = keeping.keep(maker.crowd, {**people, "contributions": done}, events)
    for name, table in planted.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    _land_kept(maker, files)
    found = truth.persona(maker.crowd, str(folder / "contributions.parquet"))
    pq.write_table(found, folder / "persona.parquet", compression="zstd")
    return sum((batch.true for batch in batches), Counter())


def _land_kept(maker: Maker, files: dict[str, str]) -> None:
    """Write the files that people keep where a run looks for them, and land them as a run does."""
    for name, content in files.items():
        path = maker.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for source in SOURCES.values():
        if files and source.kept is not None:
            for result in run.land_source(maker.data, source, run_id=run.new_run_id()):
                if result.refused:
                    raise BatchRefused(list(result.refused))


assert len(CODES) == len(set(CODES))

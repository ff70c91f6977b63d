"""One run: which world its data is of, its clock, its span; steps that Dagster and the tests share.

In here: `begin` (whose data this folder holds), the steps from `land_source` to `publish`, what one run
knows. Not in here: order and retries (Dagster, `defs/`), the display (`cli.py`), how a step works
(`landing.py` and others).
"""

from __future__ import annotations

import fcntl
import json
import logging
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import identity, records, settings, status, warehouse
from pipelines.forget import finish, is_forgotten
from pipelines.lake import Lake, write_text
from pipelines.landing import FeedResult, Landing, block_of
from pipelines.sources import SOURCES, discourse
from pipelines.sources.http import Client
from pipelines.sources.reps_archive import Archive
from pipelines.sources.spec import Connection, Source, Span, parse_instant
from pipelines.vault import Vault, VaultClosed

if TYPE_CHECKING:
    from pipelines.publish import Published

log = logging.getLogger(__name__)


class Display:
    """What a run tells while it works. Silent; the command line puts its own in `display`."""

    def received(self, source: str, feed: str, records: int) -> None:
        """Records of one feed received so far."""

    def landed(self, result: FeedResult) -> None:
        """One feed has been read to its end, or refused."""

    def stage(self, name: str) -> None:
        """What the run does now, in words."""


display = Display()

MANY_FILES = 64
"""A stream with more files than this is compacted at the end of its source's run."""

A_LITTLE_LATER_S = 1.0
"""A block is over a moment after its last second, whichever of the two clocks is ahead."""

KEPT_PER_WORLD = (
    "raw",
    "quarantine",
    "published",
    "dagster",
    "warehouse.duckdb",
    "warehouse.duckdb.wal",
    "hash_key",
    "vault_key",
    "vault.duckdb",
    "vault.duckdb.wal",
    "vault_reads.jsonl",
    "forgotten",
    "receipts",
    "truth",
    "world.json",
)


SWITCH = "switch.json"
"""A switch between worlds that has begun: whose data goes to its shelf, whose comes."""


@dataclass(frozen=True)
class World:
    """Whose data a folder holds. Live: the real sources and our own clock. Otherwise a simulated or
    recorded community with its own clocks (`now`) and the instant from which each source has data."""

    name: str = "live"
    since: dict[str, str | None] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    set_aside: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.name == "live"

    def as_of(self) -> datetime:
        """The run's clock (UTC): ours for live sources, the latest of the community's own otherwise."""
        return max(map(parse_instant, self.now.values())) if self.now else datetime.now(UTC)


class DataInUse(Exception):
    """Another run works in this folder, or it holds data of another kind."""


class DataDamaged(DataInUse):
    """A file of the folder cannot be read as what it is: which one, and what to do."""


class NothingToBuild(Exception):
    """No source has ever given a record: there is nothing to make a warehouse of."""


def world_of(data: Path) -> World:
    """The world a data folder holds; live before anything was written. Raises DataDamaged."""
    path = data / "world.json"
    if not path.exists():
        return World()
    try:
        return World(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise DataDamaged(
            f"{path} is damaged, which says whose data the folder holds: put it back from a backup, or set "
            "MDM_DATA to another folder. Nothing was changed."
        ) from None


def begin(data: Path, world: World) -> None:
    """Make `data` the folder of `world`.

    Data of another simulated world is moved to `<data>/worlds/<name>/` (and back when that world is
    run again), so that two communities never mix. A folder with live data is never given away:
    raises DataInUse. What a killed call had begun is finished first.
    """
    finish_switch(data)
    path = data / "world.json"
    before = world_of(data) if path.exists() else None
    if before is not None and before.name != world.name and (before.is_live or world.is_live):
        raise DataInUse(
            f"{data} holds the data of {before.name}; set MDM_DATA to another folder for {world.name}."
        )
    if before is None and world.is_live and (data / "raw").exists():
        raise DataInUse(f"{data} holds data of an unknown origin; set MDM_DATA to another folder.")
    if before is None or before.name != world.name:
        _switch(data, before.name if before else None, world)
    write_text(json.dumps(world.__dict__, indent=1), path)


def _switch(data: Path, stored: str | None, world: World) -> None:
    """Put the data of one world on its shelf and that of another into its place.

    What is to be done is written down first, and done by whoever comes next when this is killed. Raises
    DataInUse where something would be moved onto something else; nothing is moved then.
    """
    shelf = _shelf(data, stored) if stored is not None else None
    leaving = [name for name in KEPT_PER_WORLD if shelf and (data / name).exists()]
    coming = [path.name for path in _shelf(data, world.name).glob("*")]
    taken = [shelf / name for name in leaving if shelf and (shelf / name).exists()]
    taken += [data / name for name in coming if name not in leaving and (data / name).exists()]
    if taken:
        raise DataInUse(f"{taken[0]} is there already: of two data of one community, move one away first.")
    write_text(json.dumps({"stored": stored, "world": world.__dict__}), data / SWITCH)
    finish_switch(data)


def finish_switch(data: Path) -> None:
    """Do what is left of a switch between worlds that was written down; nothing where there is none."""
    note = data / SWITCH
    if not note.exists():
        return
    switch = json.loads(note.read_text())
    if switch["stored"] is not None:
        _move([data / name for name in KEPT_PER_WORLD], _shelf(data, switch["stored"]))
        write_text(json.dumps({**switch, "stored": None}), note)
    shelf = _shelf(data, switch["world"]["name"])
    if shelf.exists():
        _move(sorted(shelf.iterdir()), data)
        shelf.rmdir()
    write_text(json.dumps(switch["world"], indent=1), data / "world.json")
    note.unlink()


def _move(paths: Iterable[Path], folder: Path) -> None:
    """Those of these that exist, into a folder on the same disk, each in one rename, never onto another."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path.exists():
            if (folder / path.name).exists():
                raise DataInUse(f"{folder / path.name} is there already: move it or {path} away.")
            path.rename(folder / path.name)


def _shelf(data: Path, name: str) -> Path:
    return data / "worlds" / _slug(name)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


_alone = set[Path]()
"""Folders whose lock this process holds for itself."""


@contextmanager
def only_run(data: Path, *, waits: bool = False) -> Iterator[None]:
    """Hold the folder's lock alone. Freed when the process ends.

    While another run has it: raises DataInUse, or waits for its end.
    """
    with (data / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not waits:
                raise DataInUse(f"another run works in {data}; wait for its end.") from None
            log.warning("another run works in %s: waiting for its end", data)
            fcntl.flock(lock, fcntl.LOCK_EX)
        _alone.add(data)
        try:
            finish_switch(data)
            yield
        finally:
            _alone.discard(data)


@contextmanager
def one_of_many(data: Path) -> Iterator[None]:
    """Hold the folder's lock together with others that hold it so: runs that Dagster starts.

    Waits while somebody holds it alone (`only_run`), unless that is this process: `mdm run` has Dagster's
    job run inside of it.
    """
    if data in _alone:
        yield
        return
    with (data / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            log.warning("another run works in %s: waiting for its end", data)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def noted(data: Path, command: str) -> Iterator[None]:
    """Keep how a command went that does a part of a run by hand, as every run of Dagster is kept.

    What `mdm status` told of the run before is over with it: it tells of the last one. Without an end: the
    command is at work, or was stopped.
    """
    began_at = datetime.now(UTC)
    records.note_run(data, began_at, None, ())
    try:
        yield
    except Exception as error:
        sentence = " ".join(str(error).split()) or type(error).__name__
        records.note_run(data, began_at, datetime.now(UTC), [f"{command}: {sentence}"])
        raise
    records.note_run(data, began_at, datetime.now(UTC), ())


def new_run_id() -> str:
    return uuid.uuid4().hex[:12]


def span_of(world: World, source: Source, since: datetime | None, until: datetime | None) -> Span:
    """What was asked for on the command line; without it, all that the world has."""
    begins = world.since.get(source.name)
    return Span(since or (parse_instant(begins) if begins else None), until)


def land_source(
    data: Path,
    source: Source,
    *,
    run_id: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[FeedResult]:
    """Land every feed of one source; the first refusal ends a system's run, the rest is not asked.

    Of files that people keep each stands for itself. Where the source shows an erased person under another
    name, the erasure is finished at the end of the run.
    """
    from expectations.landing import LANDING

    source = as_configured(source)
    world = world_of(data)
    client = connection(data, source, world)
    hash_key, vault = settings.hash_key(data), vault_of(data)
    if vault is not None:
        vault.expire()
    landing = Landing(
        Lake(data),
        run_id=run_id,
        gates=LANDING,
        hash_key=hash_key,
        span=span_of(world, source, since, until),
        progress=display.received,
        vault=vault,
        forgotten=is_forgotten(data, hash_key, source.name),
    )
    results: list[FeedResult] = []
    with client:
        for feed in source.feeds:
            result = landing.feed(source, feed, client)
            results.append(result)
            display.landed(result)
            if result.refused and source.kept is None:
                break
    try:
        finish(data, hash_key, source, vault_of(data))
    except VaultClosed as error:
        log.warning("%s: an erasure is not finished yet: %s", source.name, error)
    for stream in source.streams:
        if len(list(landing.lake.folder(source.name, stream.name).glob("2*.parquet"))) > MANY_FILES:
            landing.lake.compact(source.name, stream)
    return results


def as_configured(source: Source) -> Source:
    """The source, limited to what the operator has chosen of it: Discourse's tags and categories."""
    return discourse.of(*settings.forum_lists()) if source is discourse.SOURCE else source


def compact(data: Path) -> dict[str, int]:
    """Merge the files of each stream into one: stream -> how many there were, of those that had several.

    Nobody may read or write the lake meanwhile: who calls it works alone in the folder.
    """
    merged = {
        f"{source.name}/{stream.name}": Lake(data).compact(source.name, stream)
        for source in SOURCES.values()
        for stream in source.streams
    }
    return {stream: files for stream, files in merged.items() if files > 1}


def link(data: Path) -> int:
    """Score all pairs of accounts that have something in common; how many of them look like one person's."""
    return identity.link(data, settings.hash_key(data), vault_of(data))


@contextmanager
def building(data: Path, run_id: str) -> Iterator[None]:
    """Around dbt's build of the warehouse, whoever calls dbt: before it what dbt reads of runs, after it how
    its tests went, also where it failed.

    Raises NothingToBuild.
    """
    as_of = world_of(data).as_of()
    if not status.export(Lake(data), SOURCES.values(), run_id=run_id, as_of=as_of):
        raise NothingToBuild("no source has ever given a record: there is nothing to build")
    warehouse.forget_results(data)
    try:
        yield
    finally:
        checks = records.dbt_checks(warehouse.manifest(data).parent)
        records.note_checks(data / "raw" / "_pipeline", run_id, as_of, checks)


def keep_persons(data: Path) -> tuple[int, int]:
    """Write down who is one person in a warehouse that was built: how many accounts, and former log-ins.

    Kept once all its numbers are there: a build compares with the days before its own.
    """
    return identity.keep_snapshot(data), identity.keep_former_logins(data)


def publish(data: Path, run_id: str) -> Published:
    """Publish the warehouse as it stands, note how the gate judged it and whom it took for one person.

    Raises PublicationRefused and PublicationFailed; the former version is current then, as before.
    """
    from pipelines import publish as publication

    world, kept, out = world_of(data), data / "raw" / "_pipeline", data / "published"
    release = publication.Release(
        run_id=run_id,
        as_of=world.as_of(),
        code_revision=settings.code_revision(),
        created_at=datetime.now(UTC),
        inputs={"world": world.name, "last_batches": status.last_batches(Lake(data), SOURCES.values())},
    )
    try:
        done = publication.publish(data / "warehouse.duckdb", warehouse.manifest(data), out, release)
    except publication.PublicationRefused as refusal:
        checks = records.publish_checks(len(refusal.sentences), 0)
        records.note_checks(kept, run_id, release.as_of, checks)
        raise
    records.note_checks(kept, run_id, release.as_of, records.publish_checks(0, len(done.warnings)))
    records.note_publication(kept, out, done.version, release.as_of)
    identity.accept(data)
    return done


def connection(data: Path, source: Source, world: World) -> Connection:
    """Whom a run asks: the source's address, or the folder of files that people keep, by the world's clock;
    of a closed system, in a live run, its archive files where there are any.

    Raises DataInUse where the data of a simulated community would meet a real system's.
    """
    if source.kept is not None:
        return source.kept(settings.kept_folder(source, data), world.as_of())
    archive = settings.archive_folder(source)
    if archive is not None and world.is_live:
        return Archive(archive)
    root = settings.source_url(source)
    if not world.is_live and not settings.is_loopback(root):
        raise DataInUse(f"{data} holds the data of {world.name}: {source.title} itself is not asked for it.")
    return Client(
        source,
        root,
        token=settings.token(source),
        user_agent=settings.user_agent(),
        paced=not settings.is_loopback(root),
    )


def vault_of(data: Path) -> Vault | None:
    """The folder's vault, by the clocks of its world; None where it has no key or is switched off."""
    key = settings.vault_key(data)
    clocks = {source: parse_instant(now) for source, now in world_of(data).now.items()}
    return Vault(data, key, clocks) if key else None


def wait_for_block(data: Path, source: Source) -> float | None:
    """Seconds after which a source that blocked us may be asked again; None when it may be asked now.

    Only live sources are waited for: a simulated one ends with its run.
    """
    until = block_of(data, source.name)
    if until is None or not world_of(data).is_live:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) + A_LITTLE_LATER_S


def parse_since(text: str) -> datetime:
    """`YYYY-MM-DD` -> that day's start in UTC. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)

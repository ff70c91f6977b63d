"""Erasing one person: from lake, quarantine, links and snapshots, vault and warehouse, for good.

What the person did stays as an anonymous fact: rows of acts lose the columns that name people, rows that are
about the person alone go, those of the files that people keep among them. The pseudonyms are kept nowhere;
`<data>/forgotten/<source>` holds keyed hashes of them, so that the same person read again at the source or in
a file does not come back (`border.py`). Nor do they under another name: where the source shows a forgotten
number beside a new log-in (or the other way round), the new one is forgotten too, and what was read under it
before goes at the end of the source's run (`finish`).

Safe to interrupt: every file is replaced whole, and a second call finishes what a first one began; until
then its pseudonyms are kept in `<data>/forgotten/.<source>.unfinished`. A receipt says when, and how many
rows of which streams; nothing about whom. Not in here: what was published before: it holds aggregates alone.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines import identity
from pipelines.border import without
from pipelines.lake import Lake, replace_file, row_hashes, write_parquet, write_text
from pipelines.privacy import pseudonym
from pipelines.sources import SOURCES
from pipelines.sources.spec import HASHED, Source, Stream, stamp
from pipelines.vault import Vault, VaultClosed

SHARED_KINDS = {"mail:local"}
"""Kinds of pseudonyms that several people may have: nobody is told by one. They stand in rows about a person
alone, which go whole."""

UNSEEN = "unseen"
"""Stands beside a mark instead of a day: nothing of the person was stored when the name was told."""


@dataclass
class Receipt:
    """What was done. rows: stream -> rows that were changed or removed.

    erased_on: the day (UTC) of an earlier erasure by one of these names; "" where it was not noted, None:
    there was none.
    """

    at: datetime
    rows: dict[str, int] = field(default_factory=dict)
    quarantined_files: int = 0
    identity_rows: int = 0
    vault_rows: int = 0
    path: Path | None = None
    erased_on: str | None = None

    @property
    def is_empty(self) -> bool:
        counts = (*self.rows.values(), self.quarantined_files, self.identity_rows, self.vault_rows)
        return not any(counts)


class Erased:
    """The erased people of one source: whether a pseudonym is one of theirs, and which others are."""

    def __init__(self, data: Path, key: bytes, source: str) -> None:
        self._data, self._key, self._source = data, key, source
        self._known = frozenset(_marks(data, source))

    def __call__(self, value: str, /) -> bool:
        return _mark(self._key, value) in self._known

    def add(self, pseudonyms: set[str]) -> None:
        """These are theirs too: kept out from now on, and taken out of what is stored by `finish`."""
        with _alone(self._data):
            unfinished = _unfinished(self._data, self._source)
            before = set(unfinished.read_text().split()) if unfinished.exists() else set()
            write_text("\n".join(sorted(before | pseudonyms)), unfinished)
            _remember_marks(self._data, self._key, self._source, pseudonyms)
        self._known |= {_mark(self._key, one) for one in pseudonyms}


def is_forgotten(data: Path, key: bytes, source: str) -> Erased | None:
    """Whether a pseudonym of this source belongs to an erased person; None when nobody was erased yet."""
    return Erased(data, key, source) if (data / "forgotten" / source).exists() else None


def finish(data: Path, key: bytes, source: Source, vault: Vault | None = None) -> Receipt | None:
    """Erase what is stored under pseudonyms that a run has found to be an erased person's; None: under none.

    Raises VaultClosed as `forget` does; the next call then does it.
    """
    if not _unfinished(data, source.name).exists():
        return None
    return forget(data, key, source, (), vault, alone=False)


def forget(
    data: Path,
    key: bytes,
    source: Source,
    identifiers: Iterable[str],
    vault: Vault | None = None,
    *,
    alone: bool = True,
) -> Receipt:
    """Erase the person with these names, log-ins or numbers at one source.

    alone: nobody else works in the folder, so that half-written files of a killed run go too.
    All pseudonyms that the lake shows in one row as the same person go together (a log-in and its number),
    and a log-in that was given up before the first load with the account that had it, by the last build.
    Nobody need be there: the receipt is then empty, and later reads stay closed. Raises VaultClosed when
    there is a vault and no key for it was given: nothing is changed then.
    """
    if vault is None and (data / "vault.duckdb").exists():
        raise VaultClosed(f"{data / 'vault.duckdb'} needs its key (MDM_VAULT_KEY, and MDM_VAULT not off).")
    with _alone(data):
        return _erase(data, key, source, identifiers, vault, alone=alone)


def _erase(
    data: Path, key: bytes, source: Source, identifiers: Iterable[str], vault: Vault | None, *, alone: bool
) -> Receipt:
    lake, receipt = Lake(data), Receipt(datetime.now(UTC))
    lake.prepare(source, alone=alone)
    also = [one for one in SOURCES.values() if one.kept is not None and one is not source]
    for one in also:
        lake.prepare(one, alone=alone)
    fields = [kept for stream in source.streams for kept in stream.keep.values()]
    kinds = {kept.pseudonym_of for kept in fields if kept.pseudonym_of} - {HASHED} - SHARED_KINDS
    named = {pseudonym(key, source.name, kind, value) for value in identifiers for kind in kinds}
    unfinished = _unfinished(data, source.name)
    before = set(unfinished.read_text().split()) if unfinished.exists() else set()
    whole = _all_names(lake, source, {one for one in named if one} | before)
    marks = _marks(data, source.name)
    noted = [marks.get(_mark(key, one)) for one in named if one]
    days = [day for day in noted if day is not None and day != UNSEEN]
    receipt.erased_on = min(days) if days else None
    told = {source.name: whole} | {one.name: same_person(lake, one, whole) for one in also}
    write_text("\n".join(sorted(set[str]().union(*told.values()))), unfinished)
    for name, pseudonyms in told.items():
        _remember_marks(data, key, name, pseudonyms)
    held = [
        (one, stream, list(holding(lake, one, stream, told[one.name])))
        for one in (source, *also)
        for stream in one.streams
    ]
    receipt.identity_rows = identity.forget(data, source.name, whole)
    if before or receipt.identity_rows or any(paths for _, _, paths in held):
        for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
            (data / name).unlink(missing_ok=True)
    for one, stream, paths in held:
        receipt.rows[f"{one.name}/{stream.name}"] = sum(
            rewrite(path, stream, told[one.name].__contains__) for path in paths
        )
    receipt.quarantined_files = sum(
        _rewrite_quarantined(path, told[one.name])
        for one in (source, *also)
        for path in (data / "quarantine" / one.name).rglob("*.jsonl.gz")
    )
    if vault is not None:
        receipt.vault_rows = vault.forget(source.name, whole)
    note = UNSEEN if receipt.is_empty and not days and not before else f"{receipt.at:%Y-%m-%d}"
    for name, pseudonyms in told.items():
        _remember_marks(data, key, name, pseudonyms, note)
    folder = data / "receipts"
    folder.mkdir(exist_ok=True)
    receipt.path = folder / f"{receipt.at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}.json"
    content = {
        "at": stamp(receipt.at),
        "source": source.name,
        "rows": {name: rows for name, rows in receipt.rows.items() if rows},
        "quarantined_files": receipt.quarantined_files,
        "identity_rows": receipt.identity_rows,
        "vault_rows": receipt.vault_rows,
    }
    write_text(json.dumps(content, indent=1), receipt.path)
    unfinished.unlink()
    return receipt


def _all_names(lake: Lake, source: Source, named: set[str]) -> set[str]:
    """These pseudonyms, all that the lake shows beside them, and the log-ins that only a history tells of."""
    whole, before = same_person(lake, source, named), set[str]()
    while whole != before:
        before = whole
        whole = same_person(lake, source, whole | identity.under_former_logins(lake.data, source.name, whole))
    return whole


def same_person(lake: Lake, source: Source, named: set[str]) -> set[str]:
    """These pseudonyms and all that stand beside one of them in a row as the same person's."""
    whole, before = set(named), set[str]()
    while whole != before:
        before = set(whole)
        for stream in source.streams:
            for columns in stream.same_person:
                listed = ", ".join(f'"{name}"' for name in columns)
                meets = " or ".join(f'"{name}" in (select unnest($known))' for name in columns)
                files = sorted(map(str, lake.folder(source.name, stream.name).glob("*.parquet")))
                if not files:
                    continue
                with duckdb.connect() as connection:
                    rows = connection.execute(
                        f"select distinct {listed}"
                        f" from read_parquet($files, union_by_name = true) where {meets}",
                        {"files": files, "known": sorted(whole)},
                    ).fetchall()
                whole |= {value for row in rows for value in row if value}
    return whole


def holding(lake: Lake, source: Source, stream: Stream, whole: set[str]) -> Iterator[Path]:
    """The files of a stream in which one of these pseudonyms stands."""
    named = [f'"{name}"' for name, kept in stream.keep.items() if kept.pseudonym_of]
    tests = [f"{name} in (select unnest($whole))" for name in named]
    tests += ["list_has_any(string_split(_key, '|'), $whole)"] if named else []
    tests += [f'regexp_matches("{name}", $pattern)' for name in stream.embeds]
    files = sorted(map(str, lake.folder(source.name, stream.name).glob("*.parquet")))
    if not tests or not whole:
        return
    values: dict[str, object] = {"files": files}
    values |= {"whole": sorted(whole)} if named else {}
    values |= {"pattern": "|".join(sorted(whole))} if stream.embeds else {}
    query = f"""
        select distinct filename from read_parquet($files, union_by_name = true, filename = true)
        where {" or ".join(tests)} order by filename
    """
    with duckdb.connect() as connection:
        yield from (Path(name) for (name,) in connection.execute(query, values).fetchall())


def rewrite(path: Path, stream: Stream, gone: Callable[[str], bool]) -> int:
    """One file without the person; returns how many rows changed or went. Hashes are made anew."""
    before = pq.read_table(path)
    columns = {
        name: before[name].combine_chunks()
        if name in before.column_names
        else pa.nulls(before.num_rows, field.type)
        for name, field in stream.keep.items()
    }
    kept = {name: before[name].combine_chunks() for name in before.column_names if name not in stream.keep}
    after, staying = without(stream, columns, gone)
    if staying is not None:
        kept = {name: column.filter(staying) for name, column in kept.items()}
    if any(stream.keep[name].pseudonym_of for name in stream.key):
        keys = kept["_key"].to_pylist()
        others = pa.array([not any(map(gone, one.split("|"))) for one in keys], pa.bool_())
        kept = {name: column.filter(others) for name, column in kept.items()}
        after = {name: column.filter(others) for name, column in after.items()}
    table = pa.table([{**kept, **after}[name] for name in before.column_names], schema=before.schema)
    place = table.schema.get_field_index("_row_hash")
    table = table.set_column(place, table.schema.field(place), row_hashes(table))
    changed = before.num_rows - table.num_rows
    if not changed:
        changed += int(pc.sum(pc.not_equal(before["_row_hash"], table["_row_hash"])).as_py() or 0)
    write_parquet(table, path)
    return max(changed, 1)


def _unfinished(data: Path, source: str) -> Path:
    """Where pseudonyms stand whose erasure has begun and not ended."""
    return data / "forgotten" / f".{source}.unfinished"


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One erasure at a time: runs of several sources rewrite the same links and kept files."""
    (data / "forgotten").mkdir(exist_ok=True)
    with (data / "forgotten.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _rewrite_quarantined(path: Path, whole: set[str]) -> bool:
    text = gzip.decompress(path.read_bytes()).decode()
    cleared = re.sub("|".join(sorted(whole)), "forgotten", text) if whole else text
    if cleared == text:
        return False
    replace_file(path, gzip.compress(cleared.encode()))
    return True


def _marks(data: Path, source: str) -> dict[str, str]:
    """Mark of a pseudonym -> the day (UTC) it was erased, UNSEEN, or "" where that was not noted."""
    path = data / "forgotten" / source
    lines = path.read_text().splitlines() if path.exists() else []
    return {mark: note for mark, _, note in (line.partition(" ") for line in lines) if mark}


def _remember_marks(data: Path, key: bytes, source: str, whole: set[str], note: str = "") -> None:
    """Add the marks of these pseudonyms; a day that was noted before stays."""
    marks = _marks(data, source)
    for mark in (_mark(key, one) for one in whole):
        if marks.get(mark, "") in ("", UNSEEN):
            marks[mark] = note or marks.get(mark, "")
    lines = (f"{mark} {noted}".rstrip() for mark, noted in sorted(marks.items()))
    write_text("\n".join(lines) + "\n", data / "forgotten" / source)


def _mark(key: bytes, value: str) -> str:
    return hmac.new(key, f"forgotten:{value}".encode(), hashlib.sha256).hexdigest()

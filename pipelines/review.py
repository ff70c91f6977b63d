"""The review of links between accounts: which pairs are worth a look and why, and what people decide.

    warehouse + scored pairs -> `ranked`   pairs that the numbers may have wrong, likeliest first
    lake + vault             -> `review`   the same with what speaks for and against each
    a person                 -> `decide`   one more line in identity.csv; `undo` takes it out again

A decision counts from the next run on, which reads the file. Nothing but that file is written, and no name:
accounts stand in it as pseudonyms, and handles are read from the vault for the terminal alone (`shown`).
Not in here: scores (`identity.py`), what the file may say (`sources/curated.py`), how decisions win
(`dbt/models/intermediate/identity/`), the display (`cli.py`).
"""

from __future__ import annotations

import fcntl
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipelines import identity
from pipelines.clusters import LARGEST, SURE, clusters
from pipelines.identity import Account
from pipelines.lake import replace_file
from pipelines.privacy import pseudonym, pseudonymiser
from pipelines.sources import files
from pipelines.sources.curated import IDENTITY_SHEET as SHEET
from pipelines.sources.spec import Pseudonymise, Row
from pipelines.vault import Vault
from pipelines.warehouse import database_trouble

LEAST_DOUBT = 0.01
"""A pair that the numbers have right with more than 99 % is not worth a look."""

Key = tuple[str, str]
"""Two account keys, the smaller first."""


class NotReviewed(Exception):
    """A review that lacks something, or a decision that cannot be written: one sentence without a name."""


@dataclass(frozen=True)
class Place:
    """Where a review works. folder: of the curated files; key: of the pseudonyms.

    is_live: else the community's own file is made anew by each run, and decisions of it that the warehouse
    was told of stand beside those of the folder.
    """

    data: Path
    folder: Path
    key: bytes
    is_live: bool = True

    @property
    def file(self) -> Path:
        return self.folder / SHEET.file


@dataclass(frozen=True)
class Decision:
    """What people decided of a pair. line: where it stands in the file; None: in one that is gone."""

    pair: Key
    decision: str
    decided_on: date
    line: int | None = None


@dataclass(frozen=True)
class Persons:
    """What the last build made of the accounts that people use.

    persons: account -> its person by all links; linked: the pairs that links named, by which rule;
    decided: what the file said then.
    """

    persons: Mapping[str, str]
    linked: Mapping[Key, str]
    decided: tuple[Decision, ...] = ()

    @property
    def declared(self) -> dict[Key, str]:
        return {pair: rule for pair, rule in self.linked.items() if rule not in ("scored", "decided")}


@dataclass(frozen=True)
class Pair:
    """Two accounts that are worth a look. score: the probability that they are one person's.

    joined: whether they are one person by probable links; cut: why not, although a link said so;
    declared: the rule by which their owner says that they are.
    """

    accounts: Key
    score: float
    joined: bool
    cut: str | None = None
    declared: str | None = None

    @property
    def doubt(self) -> float:
        """The probability that the numbers have it wrong."""
        return round(1 - self.score if self.joined else self.score, 6)


@dataclass(frozen=True)
class Review:
    """pairs: each with what speaks for and against it; more: how many others are worth a look.

    without_effect: decisions that two accounts are one person's which later ones contradict.
    """

    pairs: list[tuple[Pair, list[tuple[str, float]]]]
    more: int
    accounts: Mapping[str, Account]
    built: Persons
    without_effect: list[Decision]


# --- What is worth a look ------------------------------------------------------------------------


def review(place: Place, vault: Vault | None, limit: int) -> Review:
    """The first pairs that are worth a look. Raises NotReviewed without a warehouse or scored pairs."""
    links = identity.links_path(place.data)
    with _warehouse(place.data) as warehouse:
        built = _persons(warehouse)
        decided = _decided(place, warehouse, built)
    if not links.exists():
        raise NotReviewed(f"There are no scored pairs in {place.data}: `mdm build` makes them.")
    columns = pq.read_table(links).to_pydict().values()
    scored = {(one, other): score for one, other, score in zip(*columns, strict=True)}
    accounts = {one.key: one for one in identity.evidence(place.data, vault)}
    days = {key: one.last_day for key, one in accounts.items() if one.last_day is not None}
    pairs = ranked(scored, built, decided, days)
    told = identity.explain([one.accounts for one in pairs[:limit]], accounts.values(), place.key)
    return Review(
        list(zip(pairs[:limit], told, strict=True)),
        max(0, len(pairs) - limit),
        accounts,
        built,
        without_effect(decided),
    )


def ranked(
    scored: Mapping[Key, float], built: Persons, decided: Iterable[Decision], days: Mapping[str, int]
) -> list[Pair]:
    """Pairs of which nobody decided, likeliest to be wrong in the numbers first.

    A link that was cut is wrong by its whole score, one that joins by what its score lacks. Equal ones: where
    both accounts were active last (days) first, as they move more numbers. Between two persons the first pair
    stands for all. Left out is what decisions and declarations settle, also by detours, unless they
    contradict each other.
    """
    decided, declared = list(decided), built.declared
    is_settled = settled(decided, declared)
    sizes = Counter(built.persons.values())
    apart = {_persons_of(one.pair, built.persons) for one in built.decided if one.decision == "different"}
    own = {one.pair for one in decided}
    found = []
    for pair in scored.keys() | declared.keys():
        both = _persons_of(pair, built.persons)
        if pair in own or both is None:
            continue
        joined, is_linked = len(both) == 1, pair in built.linked
        if (pair in declared and joined) or (pair not in declared and is_settled(pair)):
            continue
        why = None
        if is_linked and not joined:
            if both in apart:
                why = "a decision keeps the persons apart that it would join"
            elif sum(sizes[person] for person in both) > LARGEST:
                why = f"the person would have more than {LARGEST} accounts"
            else:
                why = "the person would have two accounts of one system that no link joins"
        score = 1.0 if pair in declared else scored[pair]
        found.append(Pair(pair, score, joined, why, declared.get(pair)))
    found.sort(key=lambda one: (-one.doubt, -min(days.get(key, 0) for key in one.accounts), one.accounts))
    worth, asked = list[Pair](), set[frozenset[str] | None]()
    for one in found:
        both = _persons_of(one.accounts, built.persons)
        if one.doubt >= LEAST_DOUBT and (one.joined or both not in asked):
            worth.append(one)
            asked.add(both)
    return worth


def without_effect(decided: Iterable[Decision]) -> list[Decision]:
    """Decisions `same` that others contradict: of each contradiction the earliest, as the build cuts it."""
    effective = _effective(decided)
    found = _clusters(effective)
    return [
        one for one in effective if one.decision == "same" and len(_persons_of(one.pair, found) or ()) > 1
    ]


def settled(decided: Iterable[Decision], declared: Iterable[Key]) -> Callable[[Key], bool]:
    """Whether a pair needs no look: what was decided and declared says what it is, by detours too."""
    effective = _effective(decided)
    found = _clusters(effective, declared)
    apart = {
        frozenset(found.get(key, key) for key in one.pair) for one in effective if one.decision == "different"
    }

    def is_settled(pair: Key) -> bool:
        both = frozenset(found.get(key, key) for key in pair)
        return len(both) == 1 or both in apart

    return is_settled


def _clusters(effective: Iterable[Decision], declared: Iterable[Key] = ()) -> dict[str, str]:
    """Who is one person by decisions, the later before the earlier, and then by declarations."""
    effective = list(effective)
    same = [
        (*one.pair, 2 * SURE + one.decided_on.toordinal() / 1e7)
        for one in effective
        if one.decision == "same"
    ]
    links = [*same, *((*pair, 1.5 * SURE) for pair in declared)]
    return clusters(links, [one.pair for one in effective if one.decision == "different"])


def _effective(decided: Iterable[Decision]) -> list[Decision]:
    """Of several decisions on a pair the latest; on one day the one that keeps apart."""
    by_strength = sorted(decided, key=lambda one: one.decision)  # different, then same
    by_strength.sort(key=lambda one: one.decided_on, reverse=True)
    first: dict[Key, Decision] = {}
    for one in by_strength:
        first.setdefault(one.pair, one)
    return list(first.values())


def _persons_of(pair: Key, persons: Mapping[str, str]) -> frozenset[str] | None:
    """Whose both accounts are; None when nobody uses one of them."""
    both = [persons.get(key) for key in pair]
    return frozenset(one for one in both if one) if all(both) else None


def shown(vault: Vault, keys: Iterable[str]) -> dict[str, str]:
    """Account key -> handle and display name, for a terminal and nothing else."""
    wanted, found = set(keys), dict[str, str]()
    for row in vault.read("identity review").to_pylist():  # rows by number come before those by name
        key = f"{row['source']}:{row['pseudonym']}"
        if key in wanted:
            name = " / ".join(filter(None, (row["handle"], row["display_name"])))
            found.setdefault(key, "".join(sign if sign.isprintable() else "?" for sign in name))
    return found


# --- Decisions -----------------------------------------------------------------------------------


def decide(place: Place, one: str, other: str, decision: str, on: date) -> tuple[Decision, list[Decision]]:
    """Write a decision down; returns it with its line, and all decisions there are then.

    one, other: `source:pseudonym`, as a review lists accounts, or `source:kind:name`. on: the day, UTC.
    Raises NotReviewed for a pair that is decided already or accounts that the warehouse does not know,
    FileRefused for a file with errors; the file is then as it was.
    """
    with _warehouse(place.data) as warehouse, ExitStack() as stack:
        built = _persons(warehouse)
        pair = _pair(place, warehouse, (one, other), built.persons)
        if _content(place) is None and place.is_live and built.decided:
            raise NotReviewed(
                f"There is no {SHEET.file} in {place.folder}, but the warehouse knows decisions of one "
                f"({len(built.decided):,}), which a new file would end: put it there, or set MDM_CURATED_DIR."
            )
        stack.enter_context(_alone(place))
        content = _content(place)
        content = files.template(SHEET).encode() if content is None else content
        for before in _in_file(place, content, warehouse):
            if before.pair == pair:
                raise NotReviewed(
                    f"{SHEET.file}, line {before.line} decides this pair already; "
                    f"to decide anew, first: mdm identity undo {' '.join(pair)}"
                )
        row = {"decision": decision, "decided_on": on.isoformat()}
        for n, key in enumerate(pair, 1):
            row[f"source_{n}"], _, row[f"account_{n}"] = key.partition(":")
            row[f"kind_{n}"] = files.PSEUDONYM
        written = files.with_row(content, row)
        line = files.numbered(SHEET, written)[-1][0]
        _replace(place, written)
        return Decision(pair, decision, on, line), _decided(place, warehouse, built)


def undo(place: Place, one: str, other: str) -> list[int]:
    """Take every line out that decides this pair, however it names the accounts; returns their numbers."""
    content = _content(place)
    if content is None:
        raise NotReviewed(f"There is no {SHEET.file} in {place.folder}: nothing was decided.")
    with _alone(place), _warehouse(place.data) as warehouse:
        pair = _pair(place, warehouse, (one, other))
        content = _content(place) or b""
        lines = [one.line for one in _in_file(place, content, warehouse) if one.pair == pair and one.line]
        if not lines:
            raise NotReviewed(f"No line of {SHEET.file} decides this pair.")
        _replace(place, files.without_lines(content, lines))
        return lines


def add_decisions(own: Path, served: Path, key: bytes) -> None:
    """Put what a person decided into the file that the demo community keeps, which each run makes anew.

    own, served: folders. Of two lines on the same accounts the person's holds. Raises FileRefused for a file
    with errors.
    """
    source, target = own / SHEET.file, served / SHEET.file
    if own == served or not source.exists():
        return
    hashed = pseudonymiser(key, SHEET.name)
    mine = files.read(SHEET, source.read_bytes())
    decided = {frozenset(_named(row, hashed)) for row in mine}
    content = target.read_bytes() if target.exists() else files.template(SHEET).encode()
    lines = [
        line for line, row in files.numbered(SHEET, content) if frozenset(_named(row, hashed)) in decided
    ]
    content = files.without_lines(content, lines)
    for row in mine:
        content = files.with_row(content, row)
    served.mkdir(parents=True, exist_ok=True)
    replace_file(target, content)


def _named(row: Row, hashed: Pseudonymise) -> list[tuple[str, str]]:
    """(source, pseudonym) of both accounts of a line, as the lake has them."""
    return [(row[f"source_{n}"], str(files.pseudonym_in(row, hashed, f"_{n}"))) for n in (1, 2)]


def _decided(place: Place, warehouse: duckdb.DuckDBPyConnection, built: Persons) -> list[Decision]:
    """Every decision that holds or will: a file that is not there leaves what it said before."""
    content = _content(place)
    if content is None:
        return list(built.decided)
    found = _in_file(place, content, warehouse)
    return found if place.is_live else [*found, *built.decided]


def _in_file(place: Place, content: bytes, warehouse: duckdb.DuckDBPyConnection) -> list[Decision]:
    """The decisions of the file by account, log-ins and user names resolved as the warehouse does it."""
    hashed = pseudonymiser(place.key, SHEET.name)
    rows = [(line, row, _named(row, hashed)) for line, row in files.numbered(SHEET, content)]
    accounts = _accounts(warehouse, [name for _, _, named in rows for _, name in named])
    found = []
    for line, row, named in rows:
        one, other = sorted(f"{source}:{accounts.get((source, name), name)}" for source, name in named)
        if one != other:
            on = date.fromisoformat(row["decided_on"])
            found.append(Decision((one, other), row["decision"], on, line))
    return found


def _pair(
    place: Place,
    warehouse: duckdb.DuckDBPyConnection,
    named: tuple[str, str],
    known: Mapping[str, str] | None = None,
) -> Key:
    """The account keys of what a person named, the smaller first; known: accounts of people."""
    keys = []
    for which, text in zip(("first", "second"), named, strict=True):
        parts = ACCOUNT.fullmatch(text)
        source, kind, name = parts.groups() if parts else ("", None, "")
        if kind is not None and kind in files.KINDS.get(source, ()):
            name = str(pseudonym(place.key, source, kind, name))
        elif source not in files.KINDS or kind is not None or not re.fullmatch(r"[0-9a-f]{32}", name):
            raise NotReviewed(
                f"The {which} account is not named as `mdm identity review` lists it (source:32 hex digits), "
                "nor as source:kind:name, e.g. sumo:username:somebody."
            )
        name = _accounts(warehouse, [name]).get((source, name), name)
        keys.append(f"{source}:{name}")
        if known is not None and keys[-1] not in known:
            raise NotReviewed(f"The {which} account is not one of a person that the warehouse knows.")
    one, other = sorted(keys)
    if one == other:
        raise NotReviewed("Both are the same account.")
    return one, other


ACCOUNT = re.compile(r"([a-z]+):(?:([a-z]+):)?(.+)")


# --- The file and the warehouse ------------------------------------------------------------------


def _content(place: Place) -> bytes | None:
    try:
        return place.file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotReviewed(f"{place.file} cannot be read ({type(error).__name__}).") from None


def _replace(place: Place, content: bytes) -> None:
    """The file whole or not at all; one that a name leads to from elsewhere stays where it is."""
    try:
        replace_file(place.file.resolve(), content)
    except OSError as error:
        raise _unwritten(place, error) from None


def _unwritten(place: Place, error: OSError) -> NotReviewed:
    return NotReviewed(f"{place.file} cannot be written ({type(error).__name__}).")


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One writer at a time, without a lock file in a folder that people keep; makes the folder."""
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(place.folder, os.O_RDONLY)
    except OSError as error:
        raise _unwritten(place, error) from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


@contextmanager
def _warehouse(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = data / "warehouse.duckdb"
    if not path.exists():
        raise NotReviewed(f"There is no warehouse at {path}: `mdm run` or `mdm build` makes it.")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection
    except duckdb.CatalogException:
        raise NotReviewed(f"{path} was not built to its end: `mdm build` makes it.") from None
    except duckdb.Error as error:
        told = database_trouble(path, error)
        if told is None:
            raise
        raise NotReviewed(told) from None


def _persons(warehouse: duckdb.DuckDBPyConnection) -> Persons:
    persons = warehouse.execute(
        "select account_key, probable_person_id from intermediate.int_identity__accounts where not is_bot"
    ).fetchall()
    linked = warehouse.execute(
        "select account_key_1, account_key_2, first(rule order by status, rule)"
        " from intermediate.int_identity__links group by all"
    ).fetchall()
    decided = warehouse.execute(
        "select account_key_1, account_key_2, decision, decided_on from intermediate.int_identity__decisions"
    ).fetchall()
    return Persons(
        dict(persons),
        {(one, other): rule for one, other, rule in linked},
        tuple(Decision((one, other), decision, on) for one, other, decision, on in decided),
    )


def _accounts(warehouse: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[tuple[str, str], str]:
    """(source, log-in) -> the account it belongs to, of those log-ins that the warehouse knows."""
    rows = warehouse.execute(
        "select source, login, account from intermediate.int_identity__logins"
        " where login in (select unnest($1::varchar[]))",
        [list(names)],
    ).fetchall()
    return {(source, login): account for source, login, account in rows}

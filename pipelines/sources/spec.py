"""The vocabulary in which a source says what it offers and how it must be asked.

In here: `Source`, `Feed`, `Stream`, `Field`, and what a walk is. Not in here: the walks themselves (how to
page through an interface without losing a row that changes meanwhile: `walks/`), connections, pacing and
retries (`http.py`), what is written where (`lake.py`, `landing.py`), and anything true of one system only.

A *feed* is one way of asking; it may fill several *streams* (a Bugzilla search answers with bugs,
their history and their comments). A *walk* yields pages and, with each page, the cursor from which
an interrupted run goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pyarrow as pa

Record = Mapping[str, Any]
Row = dict[str, Any]
Pseudonymise = Callable[[str, Any], str | None]
"""(kind of identifier, value) -> keyed hash, None for an empty value.

A kind is a name space within its source (`login`), unless it has a colon (`mail:address`, `people:username`):
such a kind is the same in every source, so that what two systems say of one person can be compared.
"""


class SourceChanged(Exception):
    """An answer is not what the interface promised: says what was expected, what came, and where."""

    def __init__(self, expected: str, came: str, where: str) -> None:
        super().__init__(f"expected {expected}, got {came}, at {where}")
        self.expected, self.came, self.where = expected, came, where


# --- Fields: the allow-list, with types -------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """One column that may pass the border: its Arrow type, and how a JSON value becomes it.

    `pseudonym_of` names the kind of identifier when the value must be hashed first. A value of
    another JSON type than `accepts` raises `SourceChanged`; None passes unless `required`.
    """

    type: pa.DataType
    accepts: tuple[type, ...]
    parse: Callable[[Any], Any] | None = None
    pseudonym_of: str | None = None
    required: bool = False


def json_type(value: Any) -> str:
    """The name of a value's JSON type: what an error may say about it without quoting it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)


def parse_instant(value: str) -> datetime:
    """An ISO 8601 stamp with its offset -> UTC. Raises ValueError without an offset."""
    stamp = datetime.fromisoformat(value)
    if stamp.tzinfo is None:
        raise ValueError("a time without a zone")
    return stamp.astimezone(UTC)


def parse_day(value: str) -> date:
    """`2013-09-15` or `2011-05-09T00:00:00` -> the date; both forms occur in Reps data."""
    return date.fromisoformat(value[:10])


text = Field(pa.string(), (str,))
int64 = Field(pa.int64(), (int,))
number = Field(pa.float64(), (int, float))
boolean = Field(pa.bool_(), (bool,))
instant = Field(pa.timestamp("us", tz="UTC"), (str,), parse_instant)
day = Field(pa.date32(), (str,), parse_day)
texts = Field(pa.list_(pa.string()), (list,))


def pseudonym(kind: str) -> Field:
    """A login, name or id that is hashed before the first write. Kinds are separate name spaces."""
    return Field(pa.string(), (str, int), pseudonym_of=kind)


HASHED = "hashed"
"""The kind of a pseudonym that a stream's `rows` made themselves, because its kind stands in the record."""

hashed = Field(pa.string(), (str,), pseudonym_of=HASHED)
"""A column of pseudonyms that are made already: anything else in it is refused at the border."""


def required(of: Field) -> Field:
    """The same field, refused when it is null."""
    return Field(of.type, of.accepts, of.parse, of.pseudonym_of, required=True)


# --- Streams, feeds, sources ------------------------------------------------------------------


@dataclass(frozen=True)
class Stream:
    """One kind of record, one folder of the lake, one table of the dbt source of the same name.

    keep: allowed columns -> Field. key: the columns that make a record itself (unique in a batch).
    version_at: the column with the source's own version instant, or None (then: time of fetching).
    rows: one record of the feed -> the rows of this stream, names as in `keep`.
    counted_at: the column by which the source's own count is taken (see `Walk.counts`).
    whole_by: a column; every record of the feed brings *all* rows of this stream that have its value in
    it (the history of one bug): a stored row of that value which did not come is gone from the source.
    goes_with: (column, stream of the same source): rows vanish with the record of that stream whose single
    key stands in the column, when its tombstone is written.
    same_person: groups of columns that name one and the same person (a log-in and its number).
    embeds: text columns in which pseudonyms stand inside a longer text.
    handles: a record -> what the vault may know of the people in it (see `Handle`).
    lasting: the source lists only who is there now: who is gone has left, and what was true before stays so.
    """

    name: str
    about: str
    key: tuple[str, ...]
    keep: Mapping[str, Field]
    version_at: str | None = None
    rows: Callable[[Record, Pseudonymise], Iterable[Row]] = lambda record, _hash: (dict(record),)
    counted_at: str | None = None
    whole_by: str | None = None
    goes_with: tuple[str, str] | None = None
    same_person: tuple[tuple[str, ...], ...] = ()
    embeds: tuple[str, ...] = ()
    handles: Callable[[Record, Pseudonymise], Iterable[Handle]] = lambda _record, _hash: ()
    lasting: bool = False


@dataclass(frozen=True)
class Handle:
    """What the vault keeps of one account beside its pseudonym; never an e-mail address.

    kind: the pseudonym's kind (`username`, `id`). handle: the public sign-in name; None where that is an
    e-mail address. profile: the public page about the account.
    """

    kind: str
    pseudonym: str
    handle: str | None = None
    display_name: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class Reread:
    """A part of a feed that is asked again although no cursor moved: late changes, deletions, erasures.

    name: under which the cursor remembers when it was last done (`cursor["reread"][name]`, the source's
    clock). window: how far back it reaches; None: everything. every: how often.
    """

    name: str
    window: timedelta | None
    every: timedelta


@dataclass(frozen=True)
class Whole:
    """A part of a stream that the source has just shown completely: what is stored in it and did not
    come is gone there, and gets a tombstone.

    stream: of the same source, not necessarily of the same feed. equals: column -> the value, or values
    (a frozenset), that rows of the part have. column, start, end: rows with `start <= column < end`, None
    is open. keys: the `_key`s the source still has; None: those of this batch's rows. Values are as in the
    lake (after the border), keys as `border.table_of` makes them. named: instead of keys, the values of the
    single key as the source writes them. again: the source has shown it completely before, so that it tells
    how much of what is there had been stored; such parts are of the feed's first stream, by `equals` alone.
    """

    stream: str
    equals: Mapping[str, Any] = field(default_factory=dict)
    column: str | None = None
    start: Any = None
    end: Any = None
    keys: frozenset[str] | None = None
    named: frozenset[Any] | None = None
    again: bool = False


@dataclass(frozen=True)
class Span:
    """What a run is asked for: UTC, half-open; None is open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """A JSON answer, or the text of a page. `server_now`: the source's own clock (its Date header), UTC.

    version: what the source says of its own version, empty when it says nothing.
    """

    body: Any
    server_now: datetime
    where: str
    version: str = ""


class Asker(Protocol):
    """What a walk may do: ask one path, or several at once as far as the source allows."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer: ...

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]: ...


@dataclass(frozen=True)
class Count:
    """The source's own count of the records of a window [start, end); None ends are open.

    stream: of the same feed, of whose records it is; None: of the first one's.
    """

    window: str
    start: datetime | None
    end: datetime | None
    records: int
    stream: str | None = None


@dataclass(frozen=True)
class Page:
    """Records as they came, the cursor that continues after them, the source's clock.

    watermark: the instant up to which everything the feed can show has been read; None: not yet known.
    whole: the parts that are complete with this page. unfinished: more pages of such a part follow, so the
    batch must not end here (its cursor must still be the one from before the part). counts: with the last
    page, what the source itself counts, where its answers told that already. version: as in an answer.
    """

    records: list[Any]
    cursor: dict[str, Any]
    server_now: datetime
    watermark: datetime | None = None
    where: str = ""
    whole: tuple[Whole, ...] = ()
    unfinished: bool = False
    counts: tuple[Count, ...] = ()
    version: str = ""


@dataclass
class Spent:
    """What a run cost a source: requests, bytes received on the wire, pauses and their seconds, and for how
    many seconds it was told to stay away (0: never)."""

    requests: int = 0
    bytes: int = 0
    waited_s: float = 0.0
    waits: int = 0
    blocked_s: float = 0.0


class Connection(Asker, Protocol):
    """Somebody to ask for the time of a run, who knows what it cost."""

    spent: Spent

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...


class Walk(Protocol):
    """How one feed is read: from a cursor ({} at first) to the end of what there is.

    counts: the source's own counts that have to be asked for; what the answers tell comes with the last page.
    """

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]: ...

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]: ...


@dataclass(frozen=True)
class Feed:
    """One walk and the streams its records fill; the first stream carries the cursor.

    batch_records, batch_pages: a batch is written once it has as many records, or as many pages however few
    their records are: a run that is killed loses no more than that.
    essential: the source counts as loaded only once this feed was read, and only as far as it was.
    only_of: (field, stream of another feed of the source): a record is taken only while the lake has the
    record of that stream whose single key stands in the field; what is hidden there is not told here either.
    """

    name: str
    walk: Walk
    streams: tuple[Stream, ...]
    batch_records: int = 10_000
    batch_pages: int = 500
    essential: bool = True
    only_of: tuple[str, str] | None = None


@dataclass(frozen=True)
class Pace:
    """What a source allows: requests a minute over all its feeds, and connections at a time."""

    per_minute: float
    connections: int = 1


@dataclass(frozen=True)
class KeyCheck:
    """What a source is asked first when it is asked with a key: where it tells whose key that is, and a
    function of that answer: the sentence why the key must not be used, None when it may."""

    path: str
    objection: Callable[[Any], str | None]


@dataclass(frozen=True)
class Source:
    """A system: where it lives, how fast it may be asked, and its feeds.

    opened_on: the source's own start. closed_on: the last day of a closed archive.
    grace: how long after the end of a period its facts may still arrive (catalogue 0.1).
    headers: token (or None) -> request headers. refused: says whether an answer means
    "you are blocked" and for how long to stay away (seconds), None when it does not.
    kept: for files that people keep instead of a system: the folder they lie in and the run's clock -> who
    answers from it. Such a source has no address, and a file that is refused does not hold up the others.
    key_check: asked before anything else when there is a key.
    html_paths: paths that answer with a page for people; the answer's body is then its text.
    """

    name: str
    title: str
    base_url: str
    opened_on: date
    grace: timedelta
    pace: Pace
    feeds: tuple[Feed, ...]
    closed_on: date | None = None
    headers: Callable[[str | None], dict[str, str]] = lambda _token: {}
    block_seconds: Callable[[int, str], float | None] = lambda _status, _content_type: None
    kept: Callable[[Path, datetime], Connection] | None = None
    key_check: KeyCheck | None = None
    html_paths: frozenset[str] = frozenset()

    @property
    def streams(self) -> tuple[Stream, ...]:
        return tuple(stream for feed in self.feeds for stream in feed.streams)


# --- Reading an answer ------------------------------------------------------------------------


def listed(answer: Answer, name: str | None) -> list[Any]:
    """The list under `name` in an answer (or the answer itself); `SourceChanged` when it is not one."""
    body = answer.body
    if name is not None:
        if not isinstance(body, dict) or name not in body:
            came = (
                f"an object without it ({', '.join(sorted(body)[:6])})"
                if isinstance(body, dict)
                else json_type(body)
            )
            raise SourceChanged(f"an object with the list `{name}`", came, answer.where)
        body = body[name]
    if not isinstance(body, list):
        raise SourceChanged(f"the list `{name}`", json_type(body), answer.where)
    return body


def counted(answer: Answer, name: str) -> int:
    """The whole number under `name` in an answer; `SourceChanged` when it is not there."""
    value = answer.body.get(name) if isinstance(answer.body, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise SourceChanged(f"a whole number `{name}`", json_type(value), answer.where)
    return value


def stamp(moment: datetime) -> str:
    """UTC with `Z` and microseconds when there are any: the form every source reads as UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def trailing_number(url: str) -> int:
    """`https://host/api/remo/v1/users/77/` -> 77. Raises SourceChanged without one."""
    found = re.search(r"/(\d+)/?$", urlsplit(url).path)
    if found is None:
        raise SourceChanged(
            "an address that ends in a number", "another address", urlsplit(url).path.rsplit("/", 2)[0]
        )
    return int(found.group(1))

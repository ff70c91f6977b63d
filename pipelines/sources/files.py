"""CSV files that people keep: read, checked as a whole, and handed on like the answers of an interface.

In here: what a sheet and its columns are, the connection to a folder, and the walk over one file.
Not in here: which files there are (`curated.py`, `survey.py`) and where the folder is (`settings.py`).

A file is UTF-8 with commas and a header; lines that begin with `#` are comments. A file with any error gives
no row at all: every error is named at once by file, line and column, never by the value that stands there.
A missing folder or file says nothing, so nothing that was landed before is buried; an empty file with its
header says that there is nothing any more.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.sources.http import SourceDown
from pipelines.sources.spec import (
    Answer,
    Asker,
    Count,
    Feed,
    Page,
    Pseudonymise,
    Row,
    SourceChanged,
    Span,
    Spent,
    Stream,
    Whole,
    stamp,
)

KINDS = {
    "bugzilla": ("login", "id"),
    "pontoon": ("id",),
    "sumo": ("username", "id"),
    "reps": ("id",),
    "discourse": ("username", "id"),
}
"""source -> the kinds of identifier its accounts are landed under, so that rows of a file join them."""

PSEUDONYM = "pseudonym"
"""The kind of an account that is written as the pseudonym the lake holds, because nobody has its name."""

REGIONS = Path(__file__).resolve().parents[2] / "dbt" / "seeds" / "regions.csv"
"""The table of regions, of which the warehouse makes its own."""

SHOWN_ERRORS = 50
"""So many errors of a file are told in a run's refusal; `mdm curated check` tells all."""

Parse = Callable[[str], Any]
"""The text of a cell -> its value; raises ValueError."""
Check = Callable[[list[Row], list[int]], Iterable[tuple[int, str, str]]]
"""(rows, the line of each) -> (line, column, what is wrong) for rules about several cells."""


class FileRefused(SourceChanged):
    """A file with errors. `errors`: one sentence each, with file, line and column."""

    def __init__(self, errors: list[str], where: str) -> None:
        super().__init__("a file without errors", f"{len(errors):,}", where)
        self.errors = errors

    def __str__(self) -> str:
        more = len(self.errors) - SHOWN_ERRORS
        told = "; ".join(self.errors[:SHOWN_ERRORS])
        return told + (f"; and {more:,} more" if more > 0 else "")


@dataclass(frozen=True)
class Column:
    """One column of a file: how a cell is read, what a message says is expected, may it be empty.

    about: what the column means, for people who fill it in.
    """

    name: str
    about: str
    parse: Parse
    expected: str
    required: bool = True


@dataclass(frozen=True)
class Lookup:
    """Each row must be known to another sheet by the columns `by`, and takes on its columns `brings`."""

    sheet: Sheet
    by: tuple[str, ...]
    brings: tuple[str, ...]

    def known(self, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
        """The rows of the other sheet as what may be found: key -> what it brings."""
        return {
            tuple(row[name] for name in self.by): {name: row[name] for name in self.brings} for row in rows
        }


@dataclass(frozen=True)
class Sheet:
    """One file: its name without `.csv`, its columns, what makes a row itself, rules over several cells."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    lookup: Lookup | None = None

    @property
    def file(self) -> str:
        return f"{self.name}.csv"


# --- Columns ----------------------------------------------------------------------------------


def word(name: str, about: str, words: Iterable[str], *, required: bool = True) -> Column:
    """A cell that is one of these words."""
    known = tuple(words)

    def parse(cell: str) -> str:
        if cell not in known:
            raise ValueError
        return cell

    return Column(name, about, parse, "one of " + ", ".join(known), required)


def yes_or_no(name: str, about: str) -> Column:
    def parse(cell: str) -> bool:
        return {"yes": True, "no": False}[cell.lower()]

    return Column(name, about, _of_keys(parse), "yes or no")


def day_of(name: str, about: str, *, required: bool = True) -> Column:
    """A day as YYYY-MM-DD, from 1990 to 2100."""

    def parse(cell: str) -> str:
        if len(cell) != 10 or not 1990 <= date.fromisoformat(cell).year <= 2100:
            raise ValueError
        return cell

    return Column(name, about, parse, "a day as YYYY-MM-DD", required)


def number_of(name: str, about: str, *, required: bool = True, least: float | None = None) -> Column:
    """A number with a decimal point, finite, not below `least`."""

    def parse(cell: str) -> float:
        value = float(cell)
        if not abs(value) < float("inf") or (least is not None and value < least):
            raise ValueError
        return value

    expected = "a number" + ("" if least is None else f" not below {least:g}")
    return Column(name, about, parse, expected, required)


def whole_of(name: str, about: str) -> Column:
    """A whole number above zero."""

    def parse(cell: str) -> int:
        if not re.fullmatch(r"[1-9][0-9]{0,17}", cell):
            raise ValueError
        return int(cell)

    return Column(name, about, parse, "a whole number above 0")


def text_of(name: str, about: str, *, required: bool = True, longest: int = 80) -> Column:
    """A short text that holds no e-mail address."""

    def parse(cell: str) -> str:
        if len(cell) > longest or "@" in cell or not cell.isprintable():
            raise ValueError
        return cell

    return Column(name, about, parse, f"a text of at most {longest} characters without an address", required)


def slug_of(name: str, about: str, *, required: bool = True, pattern: str = r"[a-z0-9][a-z0-9_-]*") -> Column:
    """A short name for machines: small letters, digits, `_` and `-`, or another pattern."""

    def parse(cell: str) -> str:
        if len(cell) > 80 or not re.fullmatch(pattern, cell):
            raise ValueError
        return cell

    return Column(name, about, parse, "a name of small letters, digits, - and _", required)


def country_of(name: str, about: str) -> Column:
    """Two capital letters, as ISO 3166 has them; may be empty."""
    column = slug_of(name, about, required=False, pattern="[A-Z]{2}")
    return Column(name, about, column.parse, "a country code of two capital letters", required=False)


def region_of(name: str, about: str) -> Column:
    """A region by its name in the table of regions, which is read when a cell is."""

    def parse(cell: str) -> str:
        if cell not in regions():
            raise ValueError
        return cell

    return Column(name, about, parse, f"a region of {REGIONS.relative_to(REGIONS.parents[2])}")


@cache
def regions() -> frozenset[str]:
    with REGIONS.open(encoding="utf-8", newline="") as lines:
        return frozenset(row["region"] for row in csv.DictReader(lines))


def _of_keys(parse: Parse) -> Parse:
    def parsed(cell: str) -> Any:
        try:
            return parse(cell)
        except KeyError:
            raise ValueError from None

    return parsed


# --- Accounts ---------------------------------------------------------------------------------


def account_columns(suffix: str = "") -> tuple[Column, ...]:
    """The three columns that name an account; `known_account` checks them together."""
    kinds = dict.fromkeys(kind for known in KINDS.values() for kind in known)
    return (
        word(f"source{suffix}", "where the account is", KINDS),
        word(
            f"kind{suffix}", "how the account is named: by log-in, user name or number", (*kinds, PSEUDONYM)
        ),
        Column(f"account{suffix}", "the log-in, user name or number; hashed when it is read", str, "a name"),
    )


def known_account(suffix: str = "") -> Check:
    """The kind is one under which the source's accounts are landed, and the account is of that kind."""
    source, kind, account = f"source{suffix}", f"kind{suffix}", f"account{suffix}"

    def check(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
        for row, line in zip(rows, lines, strict=True):
            kinds = (*KINDS[row[source]], PSEUDONYM)
            if row[kind] not in kinds:
                yield line, kind, f"expected {' or '.join(kinds)} for {row[source]}"
            elif row[kind] == "id" and not re.fullmatch(r"[0-9]{1,18}", row[account]):
                yield line, account, "expected a whole number, as kind is id"
            elif row[kind] == PSEUDONYM and not re.fullmatch(r"[0-9a-f]{32}", row[account]):
                yield line, account, "expected 32 hex digits, as kind is pseudonym"

    return check


def pseudonym_in(row: Mapping[str, Any], hash_of: Pseudonymise, suffix: str = "") -> str | None:
    """The pseudonym under which the source itself lands the account of a row."""
    source, kind, account = row[f"source{suffix}"], row[f"kind{suffix}"], row[f"account{suffix}"]
    return str(account) if kind == PSEUDONYM else hash_of(f"{source}:{kind}", account)


def account_rows(record: Mapping[str, Any], hash_of: Pseudonymise) -> tuple[Row, ...]:
    """The record with its account as the pseudonym that the source itself lands."""
    return ({**record, "account": pseudonym_in(record, hash_of)},)


# --- Rules over several cells -----------------------------------------------------------------


def in_time(start: str, end: str) -> Check:
    """A term ends after it began; an empty end is open."""

    def check(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
        for row, line in zip(rows, lines, strict=True):
            if row[start] and row[end] and row[end] <= row[start]:
                yield line, end, f"not after {start}"

    return check


def one_at_a_time(by: tuple[str, ...], start: str, end: str) -> Check:
    """Terms [start, end) of the same `by` do not overlap; an empty end is open."""

    def check(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
        groups: dict[tuple[Any, ...], list[tuple[str, str, int]]] = {}
        for row, line in zip(rows, lines, strict=True):
            term = (row[start], row[end] or "9999", line)
            groups.setdefault(tuple(row[name] for name in by), []).append(term)
        for terms in groups.values():
            latest = ("", 0)
            for begin, stop, line in sorted(terms):
                if latest[1] and begin < latest[0]:
                    yield line, start, f"overlaps line {latest[1]}"
                latest = max(latest, (stop, line))

    return check


def _own_key(sheet: Sheet) -> Check:
    def check(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
        first: dict[tuple[Any, ...], int] = {}
        for row, line in zip(rows, lines, strict=True):
            before = first.setdefault(tuple(row[name] for name in sheet.key), line)
            if before != line:
                yield line, ", ".join(sheet.key), f"the same as in line {before}"

    return check


# --- Reading and checking ---------------------------------------------------------------------


def read(sheet: Sheet, content: bytes, known: Mapping[tuple[Any, ...], Row] | None = None) -> list[Row]:
    """The rows of a file, empty cells as None. Raises FileRefused with every error of the file.

    known: what the sheet's lookup may find.
    """
    return [row for _, row in numbered(sheet, content, known)]


def numbered(
    sheet: Sheet, content: bytes, known: Mapping[tuple[Any, ...], Row] | None = None
) -> list[tuple[int, Row]]:
    """The same with the line of each row, counted from 1."""
    garbled = _not_utf8(content)
    lines = _lines(content.decode("utf-8-sig", "replace"))
    header_line, header = next(lines, (1, None))
    if errors := list(_header_errors(sheet, header_line, header or [])):
        also = [f"{sheet.file}, line {line}: not UTF-8" for line in garbled]
        raise FileRefused(also + errors, sheet.file)
    assert header is not None
    found: list[tuple[int, str]] = [(line, f"line {line}: not UTF-8") for line in garbled]
    rows, numbers = list[Row](), list[int]()
    partly: list[tuple[Row, int, set[str]]] = []
    for line, cells in lines:
        if line in garbled:
            continue
        if cells is None:
            found.append((line, f"line {line}: quotation marks do not match"))
            continue
        if len(cells) != len(header):
            found.append((line, f"line {line}: {len(cells)} cells instead of {len(header)}"))
            continue
        row, wrong = _row(sheet, dict(zip(header, cells, strict=True)))
        found += [(line, f"line {line}, column {column}: {what}") for column, what in wrong]
        if not wrong:
            rows.append(row)
            numbers.append(line)
        else:
            partly.append((row, line, {column for column, _ in wrong}))
    for row, line, known_wrong in partly:
        found += [
            (line, f"line {line}, column {column}: {what}")
            for column, what in _also_wrong(sheet, row, line, known_wrong)
        ]
    for check in (_own_key(sheet), *sheet.checks):
        found += [
            (line, f"line {line}, column {column}: {what}") for line, column, what in check(rows, numbers)
        ]
    if sheet.lookup is not None and known is not None:
        for row, line in zip(rows, numbers, strict=True):
            brought = known.get(tuple(row[name] for name in sheet.lookup.by))
            if brought is None:
                by = ", ".join(sheet.lookup.by)
                found.append((line, f"line {line}, column {by}: not known to {sheet.lookup.sheet.file}"))
            else:
                row.update(brought)
    if found:
        in_order = [f"{sheet.file}, {sentence}" for _, sentence in sorted(found, key=lambda one: one[0])]
        raise FileRefused(in_order, sheet.file)
    return list(zip(numbers, rows, strict=True))


def _also_wrong(sheet: Sheet, row: Row, line: int, wrong: set[str]) -> Iterator[tuple[str, str]]:
    """What rules over several cells say of a line alone in which other cells are wrong.

    A rule that reads a wrong cell is not asked: it could only repeat what was said of the cell.
    """
    for check in sheet.checks:
        asked = _Asked(row)
        try:
            said = [(column, what) for _, column, what in check([asked], [line])]
        except (KeyError, TypeError):
            continue
        if not asked.names & wrong:
            yield from said


class _Asked(dict[str, Any]):
    """A row that remembers which of its columns were read."""

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.names = set[str]()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)


def _not_utf8(content: bytes) -> list[int]:
    """The lines, counted from 1, that are not UTF-8."""
    lines = []
    for number, line in enumerate(LINE_END.split(content), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            lines.append(number)
    return lines


def _header_errors(sheet: Sheet, line: int, header: list[str]) -> Iterator[str]:
    wanted = [column.name for column in sheet.columns]
    if len(header) == 1 and ";" in header[0]:
        yield f"{sheet.file}, line {line}: cells are divided by semicolons instead of commas"
        return
    for name in wanted:
        if name not in header:
            yield f"{sheet.file}, line {line}, column {name}: missing"
    for place, name in enumerate(header, 1):
        if name not in wanted:
            yield f"{sheet.file}, line {line}: column {place} is not known"
        elif name in header[: place - 1]:
            yield f"{sheet.file}, line {line}, column {name}: stands there twice"


def _lines(content: str) -> Iterator[tuple[int, list[str] | None]]:
    """(its number, stripped cells) of every line that is no comment and not empty; a cell has no line break.

    None instead of cells: quotation marks that do not match.
    """
    for number, line in enumerate(re.split(r"\r\n|\n|\r", content), 1):
        if line.strip(", \t") and not line.startswith("#"):
            try:
                [cells] = csv.reader([line], strict=True)
            except csv.Error:
                yield number, None
            else:
                yield number, [cell.strip() for cell in cells]


def with_row(content: bytes, row: Row) -> bytes:
    """A file with one more line at its end: its own columns and line ends, all other bytes as they were.

    content: of a file that `read` takes. A last line that was not ended stays before one that is not.
    """
    header = next(cells for _, cells in _lines(content.decode("utf-8-sig")) if cells)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow("" if row[name] is None else row[name] for name in header)
    line, ends = out.getvalue().encode(), LINE_END.findall(content)
    end = ends[0] if ends else b"\n"
    return content + (line + end if LINE_END.fullmatch(content[-1:]) else end + line)


def without_lines(content: bytes, lines: Iterable[int]) -> bytes:
    """A file without these lines, counted from 1; undoes `with_row` byte for byte."""
    parts, gone = LINE_END.split(content), set(lines)
    ends = LINE_END.findall(content)
    kept = [
        (part, end) for n, (part, end) in enumerate(zip(parts, [*ends, b""], strict=True), 1) if n not in gone
    ]
    if len(parts) in gone and kept:
        kept[-1] = (kept[-1][0], b"")
    return b"".join(part + end for part, end in kept)


LINE_END = re.compile(rb"\r\n|\n|\r")


def _row(sheet: Sheet, cells: Mapping[str, str]) -> tuple[Row, list[tuple[str, str]]]:
    row: Row = {}
    wrong: list[tuple[str, str]] = []
    for column in sheet.columns:
        cell = cells[column.name]
        row[column.name] = None
        if not cell:
            if column.required:
                wrong.append((column.name, "empty"))
            continue
        try:
            row[column.name] = column.parse(cell)
        except ValueError:
            wrong.append((column.name, f"expected {column.expected}"))
    return row, wrong


# --- The folder as a source -------------------------------------------------------------------


class Folder:
    """Answers `/<name>.csv` from a folder: a `Connection` without a network. now: the run's clock, UTC."""

    def __init__(self, folder: Path, sheets: Iterable[Sheet], now: datetime) -> None:
        self.folder, self.now, self.spent = folder, now, Spent()
        self._sheets = {f"/{sheet.file}": sheet for sheet in sheets}
        self._versions: dict[str, str] = {}

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """The checked rows of a file as a list; body None: there is no such file.

        Its version is when it was last written: a hash without a key would tell whether a guess of its
        content is right.
        Raises FileRefused for what stands in it, SourceDown when it cannot be read at all.
        """
        sheet = self._sheets[path]
        return Answer(self._rows(sheet), self.now, path, self._versions.get(sheet.file, ""))

    def _rows(self, sheet: Sheet) -> list[Row] | None:
        try:
            written = datetime.fromtimestamp(int((self.folder / sheet.file).stat().st_mtime), UTC)
            content = (self.folder / sheet.file).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SourceDown(f"{sheet.file} cannot be read ({type(error).__name__})") from None
        self.spent.bytes += len(content)
        self._versions[sheet.file] = f"file of {stamp(written)}"
        if sheet.lookup is None:
            return read(sheet, content)
        return read(sheet, content, sheet.lookup.known(self._rows(sheet.lookup.sheet) or ()))

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]:
        """The files in the order of `paths`; errors are yielded."""
        for path in paths:
            try:
                yield path, self.get(path)
            except (FileRefused, SourceDown) as error:
                yield path, error


@dataclass(frozen=True)
class WholeFile:
    """One file, read whole every run: a row that stands in it no more gets a tombstone. Cursor: none."""

    stream: str

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        answer = ask.get(f"/{self.stream}.csv")
        if answer.body is not None:
            whole = (Whole(self.stream),)
            now = answer.server_now
            yield Page(answer.body, {}, now, now, answer.where, whole, version=answer.version)

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def feeds_of(streams: Iterable[Stream]) -> tuple[Feed, ...]:
    """One feed a file: each is read, judged and refused by itself. A file is one batch, however long."""
    return tuple(Feed(stream.name, WholeFile(stream.name), (stream,)) for stream in streams)


def errors_of(folder: Path, sheets: Iterable[Sheet], now: datetime) -> list[str]:
    """Every error of every file of a folder, without landing anything; [] when all is well."""
    sheets = tuple(sheets)
    found: list[str] = []
    for _, outcome in Folder(folder, sheets, now).get_many(f"/{sheet.file}" for sheet in sheets):
        if isinstance(outcome, FileRefused):
            found += outcome.errors
        elif isinstance(outcome, Exception):
            found.append(str(outcome))
    return list(dict.fromkeys(found))


def template(sheet: Sheet) -> str:
    """An empty file with its header, and comments that say what goes where."""
    lines = [f"# {sheet.about}"]
    for column in sheet.columns:
        need = "" if column.required else "; may be empty"
        lines.append(f"# {column.name}: {column.about} ({column.expected}{need})")
    return "\n".join(lines) + "\n" + ",".join(column.name for column in sheet.columns) + "\n"


def write_templates(folder: Path, sheets: Iterable[Sheet]) -> list[Path]:
    """Put an empty file there for each sheet that has none; returns those that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sheet in sheets:
        path = folder / sheet.file
        if not path.exists():
            path.write_text(template(sheet), encoding="utf-8")
            written.append(path)
    return written

"""Reading recorded files: compressed tables and JSON lines, stamps, and numbers made of names.

In here: what all recorded sources share. Not in here: what a set means (the source's own module) and
anything that is served (`servers/`). Errors name the file and the kind of trouble, never a value from it:
recorded files hold personal data.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar
from zoneinfo import ZoneInfo

from pipelines.simulation.world import Record, SetAside

PACIFIC = ZoneInfo("America/Los_Angeles")
ONE_DAY = timedelta(days=1)
LONGEST_FIELD = 64 * 1024 * 1024

Part = TypeVar("Part")


@dataclass(frozen=True)
class Reading(Generic[Part]):
    """One source's part of a world. since, now: as in `World`; now is None when there is no record."""

    part: Part
    set_aside: list[SetAside]
    since: datetime | None = None
    now: datetime | None = None


# --- Files -------------------------------------------------------------------------------------


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with one file into a ValueError that names it."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be read to its end ({type(error).__name__})") from None
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        if isinstance(error, NotAsRecorded):
            raise
        kind = type(error).__name__
        raise NotAsRecorded(f"{path}: a record is not in the form this set is known in ({kind})") from None


class NotAsRecorded(ValueError):
    """A file that is not in the form its set is known in; the sentence names the file."""


def opened(path: Path) -> TextIO:
    """A text file, gzip or plain, without any change to its line ends."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def rows(path: Path, needed: Iterable[str]) -> Iterator[dict[str, str]]:
    """The rows of a table. Raises ValueError when a needed column is missing."""
    csv.field_size_limit(LONGEST_FIELD)
    with opened(path) as lines:
        table = csv.reader(lines)
        columns = next(table, [])
        missing = sorted(set(needed) - set(columns))
        if missing:
            raise NotAsRecorded(f"{path}: expected the columns {', '.join(missing)}, which are not there")
        for values in table:
            if len(values) != len(columns):
                raise NotAsRecorded(
                    f"{path}: expected {len(columns)} values up to line {table.line_num}, got {len(values)}"
                )
            yield dict(zip(columns, values, strict=True))


def objects(path: Path) -> Iterator[Record]:
    """The JSON objects of a file, one a line. Raises ValueError for a line that is none."""
    with opened(path) as lines:
        for number, line in enumerate(lines, 1):
            record = json.loads(line)
            if not isinstance(record, dict):
                raise NotAsRecorded(f"{path}: expected an object in line {number}")
            yield record


def found(directory: Path, pattern: str) -> list[Path]:
    """Files of a set, by pattern, in the order of their names (which is the order of their periods)."""
    return sorted(directory.glob(pattern))


# --- Stamps ------------------------------------------------------------------------------------


def from_pacific(wall: datetime, fold: int = 1) -> datetime:
    """A US Pacific wall clock -> UTC. In the hour that comes twice, fold 1 is its second pass."""
    return wall.replace(tzinfo=PACIFIC, fold=fold).astimezone(UTC)


def utc(moment: datetime) -> str:
    """UTC, whole seconds, with `Z`: `2026-03-01T10:11:12Z`."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def midnight_after(moment: datetime) -> datetime:
    """The end of the UTC day of an instant."""
    return midnight(moment.astimezone(UTC).date() + ONE_DAY)


# --- Numbers -----------------------------------------------------------------------------------


def number_of(*names: Any) -> int:
    """The same names give the same number (52 bits), in every file and every period.

    Stands in for a number that was not recorded; 52 bits pass through every JSON reader unharmed.
    """
    digest = hashlib.sha256("\x1f".join(str(name) for name in names).encode()).hexdigest()
    return int(digest[:13], 16)

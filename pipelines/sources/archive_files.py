"""Reading files of an archive: compressed tables and JSON lines, and numbers made of names.

In here: what every archive file needs, whichever system it is of. Not in here: what its records mean
(`reps_archive.py`, `simulation/recorded/`), files that people keep (`files.py`). Errors name the file and the
kind of trouble, never a value from it: such files hold personal data.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

LONGEST_FIELD = 64 * 1024 * 1024


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


def objects(path: Path) -> Iterator[dict[str, Any]]:
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


def number_of(*names: Any) -> int:
    """The same names give the same number (52 bits), in every file and every period.

    Stands in for a number that was not recorded; 52 bits pass through every JSON reader unharmed.
    """
    digest = hashlib.sha256("\x1f".join(str(name) for name in names).encode()).hexdigest()
    return int(digest[:13], 16)

"""Where dbt runs: its folders, its words, its manifest. dbt itself is called by Dagster, or here.

Everything dbt writes goes under the data folder, nothing into the project. Not in here: models (`dbt/`).
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import duckdb

from pipelines import settings
from pipelines.lake import replace_file

PROJECT = settings.ROOT / "dbt"
DBT = (sys.executable, "-P", str(settings.ROOT / "pipelines" / "dbt_child.py"))
"""This interpreter's dbt, which ends with the process that called it. -P: no import from that folder."""


SHOWN_TROUBLES = 3
"""So many models and tests that failed are named; dbt's log names all."""


class DbtFailed(Exception):
    """dbt ended with an error: one sentence that says which, and where more is told."""


class WarehouseClosed(Exception):
    """The warehouse cannot be opened: one sentence says why."""


LOCKED = "Could not set lock on file"
"""DuckDB's own words for it, also where dbt repeats them."""

READ_BY_DBT = ("*.yml", "macros/**/*", "models/**/*", "seeds/**/*", "tests/**/*")
"""What of the project dbt reads, relative to it."""

BUILD = ("build", "--exclude-resource-type", "unit_test")
"""Models with their data tests. Unit tests prove the SQL, not the data: the test suite runs them."""


def environment(data: Path) -> dict[str, str]:
    """What dbt must find in its environment: the data folder, its own folders under it."""
    return {
        "MDM_DATA": str(data),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(data / "dbt" / "target"),
        "DBT_LOG_PATH": str(log(data).parent),
        "DBT_LOG_LEVEL_FILE": "info",  # the SQL of models and tests lies in the target folder already
    }


@contextmanager
def reading(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse that only reads. Raises WarehouseClosed when it cannot be opened."""
    path = data / "warehouse.duckdb"
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        raise WarehouseClosed(database_trouble(path, error) or f"{path} cannot be opened: {cause}") from None
    with connection:
        yield connection


def manifest(data: Path) -> Path:
    return data / "dbt" / "target" / "manifest.json"


def log(data: Path) -> Path:
    """Where dbt tells what it does. Dagster has it beside the manifest, so that all are there."""
    return manifest(data).with_name("dbt.log")


def parse(data: Path) -> Path:
    """Make the manifest unless it was made of the project as it is; returns its path."""
    path = manifest(data)
    note, now = path.with_name("made_of"), _project_hash()
    if not path.exists() or not note.exists() or note.read_text() != now:
        dbt(data, "parse")
        note.write_text(now)
    return path


def _project_hash() -> str:
    """A hash of dbt's version and of what dbt reads of the project: paths and contents, in hex."""
    digest = hashlib.md5(metadata.version("dbt-core").encode(), usedforsecurity=False)
    for path in sorted(path for pattern in READ_BY_DBT for path in PROJECT.glob(pattern) if path.is_file()):
        digest.update(f"{path.relative_to(PROJECT)} ".encode() + path.read_bytes())
    return digest.hexdigest()


def forget_results(data: Path) -> None:
    """Take away what an earlier dbt command told of its tests, so that it is not taken for the next one's."""
    (data / "dbt" / "target" / "run_results.json").unlink(missing_ok=True)


def build(data: Path, *, full_refresh: bool = False) -> None:
    """Rebuild the warehouse from the lake and its run records, with all data tests. Raises DbtFailed.

    Tables of which nothing is new stay as they are (`dbt/macros/tables.sql`), unless full_refresh.
    """
    dbt(data, *BUILD, *(("--full-refresh",) if full_refresh else ()))


def document(data: Path) -> Path:
    """Every model and column, and the lineage from stream to page, as one page without a server.

    Needs a warehouse that was built: types and sizes come from it. Returns the page. Raises DbtFailed.
    """
    target = data / "dbt" / "docs"
    read = manifest(data).with_name("partial_parse.msgpack")
    dbt(
        data, "docs", "generate", "--static", "--target-path", str(target),
        "--partial-parse-file-path", str(read),
    )  # fmt: skip
    page = data / "docs" / "index.html"
    page.parent.mkdir(exist_ok=True)
    replace_file(page, (target / "static_index.html").read_bytes())
    return page


def dbt(data: Path, *words: str) -> None:
    """One dbt command. Raises DbtFailed, or WarehouseClosed where another has it.

    What it says goes into its log alone: dbt makes up every line for each place it speaks to.
    """
    told = log(data)
    before = told.stat().st_size if told.exists() else 0
    done = subprocess.run(
        [*DBT, "--log-level", "none", *words, "--project-dir", str(PROJECT)],
        capture_output=True,
        text=True,
        env=settings.environment(environment(data)),
        cwd=PROJECT,
        check=False,
    )
    if done.returncode:
        said = done.stdout + done.stderr + _added(told, before)
        if LOCKED in said and (known := database_trouble(data / "warehouse.duckdb", said)):
            raise WarehouseClosed(known)
        raise DbtFailed(trouble(data, said, has_results=words[0] in ("build", "run")))


def _added(path: Path, before: int) -> str:
    """What a log got since it had so many bytes; all of it where it began anew since."""
    if not path.exists():
        return ""
    text = path.read_bytes()
    return text[before if len(text) >= before else 0 :].decode(errors="replace")


# --- What went wrong, in one sentence -------------------------------------------------------------


def trouble(data: Path, output: str, *, has_results: bool = True) -> str:
    """Why a dbt command failed: what a person can do about, else the models and tests with their errors.

    output: what dbt said. has_results: the command leaves `run_results.json`.
    """
    more = f"more in {log(data)}"
    if known := database_trouble(data / "warehouse.duckdb", output):
        return known
    results = manifest(data).with_name("run_results.json")
    if has_results and results.exists():
        failed = [
            f"{one['unique_id'].split('.')[2]}: {_first_line(one['message'] or one['status'])}"
            for one in json.loads(results.read_text())["results"]
            if one["status"] in ("error", "fail")
        ]
        told = "; ".join(failed[:SHOWN_TROUBLES])
        if full := database_trouble(data / "warehouse.duckdb", told):
            return full
        if failed:
            rest = f"; and {len(failed) - SHOWN_TROUBLES:,} more" if len(failed) > SHOWN_TROUBLES else ""
            return f"{told}{rest}; {more}"
    said = output.split("Traceback (most recent call last)")[0].rpartition("Encountered an error:")[2]
    return f"dbt failed: {' '.join(said.split())[-400:] or 'it ended without a word'}; {more}"


def database_trouble(path: Path, said: object) -> str | None:
    """What DuckDB, or the disk, says of a database file at `path`, as a sentence with what to do.

    None: nothing that the file, the disk or another program is to blame for.
    """
    text = str(said)
    if LOCKED in text:
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder.group(1)}" if holder else "another program"
        return f"{who} has {path} open: wait for its end, then try again."
    if re.search(r"No space left on device|could not write|failed to write", text, re.IGNORECASE):
        return (
            f"the disk of {path.parent} is full: make room, then run again; nothing that was landed is lost."
        )
    if re.search(r"not a valid DuckDB|Corrupt|Checksum|Serialization Error|Could not read", text):
        anew = "`mdm run` publishes anew."
        if path.name == "warehouse.duckdb":
            anew = "remove it, then `mdm build` makes it anew from the lake."
        return f"{path} is damaged: {anew}"
    return None


def _first_line(message: str) -> str:
    """`Runtime Error in model x (y)\\n  Binder Error: z` -> `Binder Error: z`."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    return lines[1] if len(lines) > 1 and " Error in " in lines[0] else lines[0] if lines else ""

"""Where dbt runs: its folders, its words, its manifest. dbt itself is called by Dagster, or here.

Everything dbt writes goes under the data folder, nothing into the project. Not in here: models (`dbt/`).
"""

from __future__ import annotations

import hashlib
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
DBT = Path(sys.executable).parent / "dbt"
"""The dbt beside this interpreter, whether or not its folder is on the PATH."""


class DbtFailed(Exception):
    """dbt ended with an error; the last lines of its output say which."""


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
        "DBT_LOG_PATH": str(data / "dbt" / "logs"),
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
        if LOCKED in cause:
            raise _in_use(data) from None
        raise WarehouseClosed(f"{path} cannot be opened: {cause}") from None
    with connection:
        yield connection


def _in_use(data: Path) -> WarehouseClosed:
    return WarehouseClosed(f"{data / 'warehouse.duckdb'} is used by another process; wait for its end.")


def manifest(data: Path) -> Path:
    return data / "dbt" / "target" / "manifest.json"


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


def dbt(data: Path, *words: str) -> str:
    """One dbt command; returns what it printed. Raises DbtFailed, or WarehouseClosed where another has it."""
    done = subprocess.run(
        [str(DBT), "--no-use-colors", *words, "--project-dir", str(PROJECT)],
        capture_output=True,
        text=True,
        env=settings.environment(environment(data)),
        cwd=PROJECT,
        check=False,
    )
    if done.returncode:
        printed = (done.stdout + done.stderr).strip()
        if LOCKED in printed:
            raise _in_use(data)
        raise DbtFailed("\n".join(printed.splitlines()[-25:]))
    return done.stdout

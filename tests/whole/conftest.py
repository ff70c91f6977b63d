"""One demo run and one recorded run for all whole tests: each takes a minute or more.

With several test processes, the first one that needs a run makes it; the others wait and share it.
"""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest

from pipelines import duckdb_functions
from tests.whole.runs import RECORDED, Ended, mdm


@dataclass(frozen=True)
class Once:
    """A command on a new data folder."""

    data: Path
    first: Ended


@dataclass(frozen=True)
class Twice(Once):
    """The same command once more, right after the first."""

    second: Ended


Made = TypeVar("Made", bound=Once)


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> Made:
    """What `make` returns for a new folder; made once for all test processes of this session."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = root / f"{name}.pickle"
        if not made.exists():
            folder = root / name
            folder.mkdir()
            made.write_bytes(pickle.dumps(make(folder / "data")))
        found: Made = pickle.loads(made.read_bytes())
    return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    return shared(tmp_path_factory, "demo", lambda data: Twice(data, mdm(data, "run"), mdm(data, "run")))


@pytest.fixture
def connection(demo: Twice) -> Iterator[duckdb.DuckDBPyConnection]:
    """Reads the warehouse of the demo; what is made of it stays in memory."""
    with duckdb.connect() as made:
        duckdb_functions.register(made)
        made.execute(f"attach '{demo.data / 'warehouse.duckdb'}' as warehouse (read_only)")
        made.execute("use warehouse")
        yield made


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Once:
    if not RECORDED.is_dir():
        pytest.skip("the recorded data is not beside this checkout (../shared/recorded)")
    words = ("run", "--recorded", str(RECORDED))
    return shared(tmp_path_factory, "recorded", lambda data: Once(data, mdm(data, *words)))

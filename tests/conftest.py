"""Order of the suite: whole runs begin first, one in each test process, and short tests fill what is left.

And what all tests share of dbt's reading of its project.
"""

from __future__ import annotations

import os

import pytest

from pipelines import settings, warehouse

READ = warehouse.manifest(settings.data_dir()).with_name("partial_parse.msgpack")
"""What `make check` had dbt read of its project: from there on, dbt reads what changed since."""
if READ.exists():
    os.environ["DBT_PARTIAL_PARSE_FILE_PATH"] = str(READ)

FIRST = (
    "test_demo.py",
    "test_recorded.py",
    "test_numbers.py",
    "test_endurance.py",
    "test_recorded_numbers.py",
    "test_determinism.py",
    "test_erasure.py",
    "test_warehouse.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))

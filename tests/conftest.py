"""Order of the suite: whole runs begin first, one in each test process, and short tests fill what is left."""

from __future__ import annotations

import pytest

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

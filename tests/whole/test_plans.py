"""How DuckDB goes about the models: to find equals, none compares all rows of a table with all of another.

A left join is planned as a nested loop as soon as one of its conditions is about its left table alone, or is
true of one of several values, though all others are equalities: quadratic, where a hash join is linear. The
demo is too small to feel it; the plan tells it all the same. Not in here: what a model gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import warehouse
from tests.whole.conftest import Twice

pytestmark = pytest.mark.whole

OF_FEW_ROWS = {"met_parity_gap", "met_resource_parity_ratio"}
"""Some rows a period on either side, whatever the size of the community."""


def operators(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("children", ()):
        yield from operators(child)


def loops_over_equals(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """The conditions of outer joins that are planned as nested loops and have an equality in them."""
    (told,) = connection.execute(f"explain (format json) {sql}").fetchall()
    nested = (
        one for plan in json.loads(told[1]) for one in operators(plan) if one["name"] == "BLOCKWISE_NL_JOIN"
    )
    found = (one["extra_info"] for one in nested)
    return [
        info["Condition"]
        for info in found
        if info["Join Type"] != "INNER" and re.search(r"\w+ = \w+|\bIN \(", info["Condition"])
    ]


def compiled(data: Path) -> Iterator[tuple[str, str]]:
    for node in json.loads(warehouse.manifest(data).read_text())["nodes"].values():
        if node["resource_type"] == "model":
            path = data / "dbt" / "target" / "compiled" / "mdm" / node["original_file_path"]
            yield node["name"], path.read_text()


def test_no_model_looks_for_equals_by_comparing_all_with_all(
    demo: Twice, connection: duckdb.DuckDBPyConnection
) -> None:
    found = {name: loops_over_equals(connection, sql) for name, sql in compiled(demo.data)}
    assert len(found) > 200
    assert {name: loops for name, loops in found.items() if loops and name not in OF_FEW_ROWS} == {}


def test_such_a_join_is_told(connection: duckdb.DuckDBPyConnection) -> None:
    both = "select * from marts.fct_interaction as a left join marts.fct_interaction as b on a.item = b.item"
    assert loops_over_equals(connection, both) == []
    assert loops_over_equals(connection, f"{both} and a.interaction_type = 'review'") != []
    assert loops_over_equals(connection, f"{both} and b.area in (a.area, 'all')") != []

"""What a model with `parts` says of itself is true: a date hangs on the rows that it names, on no others.

Each is made for one date from these rows alone, with nothing in the columns that it does not name, and has to
give what the whole build gave for that date. Columns that tell which rows these are count as named. Not in
here: that a warehouse which grew by parts is the same as one from nothing (`test_determinism.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from pipelines import warehouse
from tests.whole.conftest import Twice

pytestmark = pytest.mark.whole

DUE = re.compile(r"true /\* due: (.+?), (\d+) \*/")


class Model(NamedTuple):
    """One model with parts: its table, its compiled SQL, and what it says of itself."""

    table: str
    sql: str
    parts: dict[str, Any]


def models(data: Path) -> Iterator[Model]:
    manifest = json.loads(warehouse.manifest(data).read_text())
    for node in manifest["nodes"].values():
        if node["config"].get("parts"):
            compiled = data / "dbt" / "target" / "compiled" / "mdm" / node["original_file_path"]
            yield Model(f"{node['schema']}.{node['alias']}", compiled.read_text(), node["config"]["parts"])


def only_due(sql: str, day: date) -> str:
    """As `only_due` of the project's macros does it."""

    def condition(mark: re.Match[str]) -> str:
        column, back = mark.groups()
        return f"{column} = date '{day}'" if back == "0" else f"{column} > date '{day}' - interval {back} day"

    return DUE.sub(condition, sql)


def give(connection: duckdb.DuckDBPyConnection, name: str, read: dict[str, Any], day: date) -> str:
    """A temporary table of this name with the rows that `day` hangs on; returns the table's name in full."""
    found = connection.execute(
        """
        select table_schema || '.' || table_name from information_schema.tables
        where table_name = $1 and table_catalog = 'warehouse'
        """,
        [name],
    ).fetchone()
    assert found is not None, name
    source = read.get("rows") or f"select * from {found[0]}"
    there = {row[0] for row in connection.execute(f"describe ({source})").fetchall()}
    if read.get("columns"):
        there &= {*read["columns"], *re.findall(r"\w+", f"{read['since']} {read.get('until')}")}
    chosen = [
        f'"{column}"' if column in there else f'null::{kind} as "{column}"'
        for column, kind, *_ in connection.execute(f"describe {found[0]}").fetchall()
    ]
    connection.execute(
        f"""
        create or replace temp table "given_{name}" as select {", ".join(chosen)} from ({source})
        where {read["since"]} < $1 and coalesce({read.get("until") or "null"} >= $1, true)
        """,
        [day],
    )
    return str(found[0])


def wrong(connection: duckdb.DuckDBPyConnection, model: Model, day: date) -> list[tuple[Any, ...]]:
    """Rows of this date that only the whole build made, or only the part."""
    sql = only_due(model.sql, day)
    for name, read in model.parts["reads"].items():
        schema, table = give(connection, name, read, day).split(".")
        assert f'"{schema}"."{table}"' in sql, f"{model.table} does not read {name}"
        sql = sql.replace(f'"warehouse"."{schema}"."{table}"', f'temp."given_{name}"')
    of = f"{model.parts['of']} = date '{day}'"
    columns = ", ".join(f'"{row[0]}"' for row in connection.execute(f"describe {model.table}").fetchall())
    whole, part = f"select {columns} from {model.table} where {of}", f"select {columns} from ({sql})"
    return connection.execute(
        f"(({whole}) except all ({part})) union all (({part}) except all ({whole})) limit 5"
    ).fetchall()


def test_a_date_hangs_on_the_rows_that_its_model_names_and_on_no_others(
    demo: Twice, connection: duckdb.DuckDBPyConnection
) -> None:
    checked = []
    for model in models(demo.data):
        days = connection.execute(
            f"select cast({model.parts['of']} as date), count(*) from {model.table} group by all order by 1"
        ).fetchall()
        for day, rows in (days[-1], days[-2], days[len(days) // 2]):
            assert not wrong(connection, model, day), f"{model.table} of {day}, {rows} rows"
        checked.append(model.table)
    assert len(checked) >= 34


def test_of_a_model_that_names_too_little_it_is_told(
    demo: Twice, connection: duckdb.DuckDBPyConnection
) -> None:
    model = next(one for one in models(demo.data) if one.table == "marts.fct_identity_window")
    (day,) = connection.execute(f"select max(period_end)::date from {model.table}").fetchone() or (None,)
    assert day is not None
    assert not wrong(connection, model, day)
    short = json.loads(json.dumps(model.parts))
    short["reads"]["fct_identity_month"]["until"] = "period_end + interval 90 day"
    assert wrong(connection, model._replace(parts=short), day)
    narrow = json.loads(json.dumps(model.parts))
    narrow["reads"]["fct_identity_month"]["columns"].remove("affiliation")
    assert wrong(connection, model._replace(parts=narrow), day)

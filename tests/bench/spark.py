"""The layers up to the marts on Spark, over the lake of the demo community, beside the same tables of DuckDB.

Spark and dbt-spark live in an environment of their own (`.venv-spark`, from `spark.lock`), made here at
first use; Java 17 or later has to be there. Of each table the rows are counted that one engine has and the
other has not, as often as they are there: all columns, instants to the microsecond, floating point numbers to
12 digits. Seeds are files that both read, views are made of what is compared. Then DuckDB makes the metrics
from Spark's marts, as it would beside a cluster.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines import settings, warehouse
from tests.bench.environment import interpreter

LAYERS = {"staging": "staging", "intermediate": "intermediate", "marts": "marts", "restricted": "marts"}
"""Schema -> layer, of those that Spark makes."""
SELECTED = ("--select", "staging", "intermediate", "marts")


@dataclass(frozen=True)
class Compared:
    """rows: of DuckDB; the others: rows that one engine has and the other has not."""

    schema: str
    table: str
    rows: int
    only_duckdb: int
    only_spark: int


def spark() -> str:
    """The interpreter of Spark's environment. Exits without Java."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise SystemExit("spark: Java 17 or later is needed, on the path or in JAVA_HOME.")
    return str(interpreter("spark"))


def on_duckdb(data: Path) -> float:
    """A run of the demo community, then the layers made anew from its lake: seconds of these."""
    run = [sys.executable, "-m", "pipelines.cli", "run"]
    subprocess.run(run, env={**os.environ, "MDM_DATA": str(data)}, cwd=settings.ROOT, check=True)
    began = time.perf_counter()
    warehouse.dbt(data, "run", "--full-refresh", *SELECTED)
    return time.perf_counter() - began


def on_spark(data: Path, folder: Path) -> float:
    """The layers made on Spark below the folder: seconds, Java's start and dbt's reading included."""
    folder.mkdir()
    began = time.perf_counter()
    done = subprocess.run(
        [spark(), "-m", "pipelines.spark", str(folder), "run", *SELECTED],
        env={**os.environ, "MDM_DATA": str(data), "PYTHONPATH": str(settings.ROOT)},
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] or done.stderr[-4000:])
    return time.perf_counter() - began


def compared(data: Path, folder: Path) -> Iterator[Compared]:
    """Every table of the layers on both engines; one that Spark has not made has no row there."""
    with warehouse.reading(data) as connection:
        tables = connection.execute(
            """
            select schema_name, table_name from duckdb_tables()
            where comment is not null and schema_name in (select unnest(?))  -- a seed has none
            order by all
            """,
            [list(LAYERS)],
        ).fetchall()
        for schema, table in tables:
            files = folder / f"{schema}.db" / table
            ours = f"{schema}.{table}"
            theirs = _parquet(files) if any(files.glob("*.parquet")) else f"(from {ours} limit 0)"
            yield Compared(schema, table, *_alone(connection, ours, theirs))


def metrics_compared(data: Path, folder: Path, adopted: Path) -> Compared:
    """The values of all metrics, made by DuckDB from its own marts and from those of Spark.

    adopted: an empty data folder, whose warehouse gets the marts as views over Spark's files.
    """
    warehouse.dbt(data, "run", "--select", "metrics")
    adopted.mkdir()
    settings.make_embedded_hash_key(adopted)
    with duckdb.connect(str(adopted / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for files in sorted(folder.glob("*.db/*")):
            connection.execute(f"create schema if not exists {files.parent.stem}")
            columns = ", ".join(
                f"{name}::timestamp as {name}" if data_type == "TIMESTAMP WITH TIME ZONE" else name
                for name, data_type, *_ in connection.execute(f"describe from {_parquet(files)}").fetchall()
            )
            connection.execute(
                f"create view {files.parent.stem}.{files.name} as select {columns} from {_parquet(files)}"
            )
    warehouse.dbt(adopted, "seed")
    warehouse.dbt(adopted, "run", "--select", "marts,config.materialized:view", "metrics")
    with warehouse.reading(data) as connection:
        connection.execute(f"attach '{adopted / 'warehouse.duckdb'}' as adopted (read_only)")
        ours = "metrics.metric_value"
        return Compared("metrics", "metric_value", *_alone(connection, ours, f"adopted.{ours}"))


def _parquet(files: Path) -> str:
    return f"read_parquet('{files}/*.parquet')"


def _alone(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> tuple[int, int, int]:
    """Rows of ours, of ours alone, of theirs alone."""
    connection.execute("set TimeZone = 'UTC'")
    columns = connection.execute(f"describe {ours}").fetchall()
    shown = ", ".join(_comparable(name, data_type) for name, data_type, *_ in columns)
    one, other = f"(select {shown} from {ours})", f"(select {shown} from {theirs})"
    counts = connection.execute(
        f"""
        select
            (select count(*) from {ours}),
            (select count(*) from ({one} except all {other})),
            (select count(*) from ({other} except all {one}))
        """
    ).fetchone()
    assert counts is not None
    return counts[0], counts[1], counts[2]


def _comparable(name: str, data_type: str) -> str:
    """A column in DuckDB's type; Spark's instants have a zone."""
    if data_type in ("DOUBLE", "FLOAT"):
        return f"""printf('%.12g', "{name}"::double) as "{name}\""""
    return f'"{name}"::{data_type} as "{name}"'


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        data, folder = Path(name) / "data", Path(name) / "spark"
        spark()
        duckdb_s = on_duckdb(data)
        spark_s = on_spark(data, folder)
        tables = [*compared(data, folder), metrics_compared(data, folder, Path(name) / "adopted")]
    shown = Table(title="the layers up to the marts on Spark, beside DuckDB", title_justify="left")
    for column in (
        "layer",
        "tables",
        "rows",
        "tables that differ",
        "rows of DuckDB alone",
        "rows of Spark alone",
    ):
        shown.add_column(column, justify="left" if column == "layer" else "right")
    for layer in ("staging", "intermediate", "marts", "metrics"):
        those = [one for one in tables if LAYERS.get(one.schema, one.schema) == layer]
        ours, theirs = sum(one.only_duckdb for one in those), sum(one.only_spark for one in those)
        differ = sum(bool(one.only_duckdb or one.only_spark) for one in those)
        rows = sum(one.rows for one in those)
        shown.add_row(layer, *(f"{number:,}" for number in (len(those), rows, differ, ours, theirs)))
    console = Console(width=120)
    console.print(shown)
    for one in tables:
        if one.only_duckdb or one.only_spark:
            console.print(
                f"{one.schema}.{one.table}: {one.rows:,} rows, {one.only_duckdb:,} of DuckDB alone,"
                f" {one.only_spark:,} of Spark alone"
            )
    console.print(f"DuckDB: {duckdb_s:.0f} s, Spark: {spark_s:.0f} s, each with dbt")


if __name__ == "__main__":
    main()

"""The layers that grow with events on Spark: staging, intermediate and marts, over the same lake.

    python -m pipelines.spark <folder> [dbt words ...]

Reads the lake of `MDM_DATA`. All that Spark and dbt write goes below the folder: a table is
`<folder>/<schema>.db/<table>/*.parquet`, where DuckDB reads the marts for the metrics. Needs `pyspark`,
`dbt-spark` and Java, which this project does not install: `docs/spark.md`.

In here: a session on this machine, what of the project it has to know, dbt's words. Not in here: what the
engines say differently (`dbt/macros/engines.sql`), and a comparison of their tables (`tests/bench/spark.py`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from dbt.cli.main import dbtRunner
from pyspark.sql import Row, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines import clusters, privacy, settings

PROJECT = settings.ROOT / "dbt"
WORDS = ("run", "--select", "staging", "intermediate", "marts")
CLUSTERS = "array<struct<account_key: string, cluster: string>>"


def session(folder: Path) -> SparkSession:
    """A session of two threads on this machine, its tables below the folder; instants are UTC as in DuckDB.

    Its catalogue is in memory: each session makes all tables anew, so that the folder has to be a new one.
    """
    settings.apply({"PYSPARK_PYTHON": sys.executable})
    options = {
        "spark.sql.warehouse.dir": str(folder),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.legacy.createHiveTableByDefault": "false",  # but Parquet, as Spark 4 does by itself
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",  # likewise; there are terms since year 1
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in options.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")  # what fails, dbt tells
    return spark


def know_functions(spark: SparkSession) -> None:
    """Those of `duckdb_functions` that these layers call. The pseudonyms' key travels with the function."""
    key = settings.hash_key()

    def pseudonym(source: str, kind: str, value: str | None) -> str | None:
        return privacy.pseudonym(key, source, kind, value)

    def identity_clusters(links: Iterable[Row], apart: Iterable[Row]) -> list[dict[str, str]]:
        return clusters.table_of(map(Row.asDict, links), map(Row.asDict, apart))

    spark.udf.register("pseudonym", pseudonym, "string")
    spark.udf.register("identity_clusters", identity_clusters, CLUSTERS)


def know_lake(spark: SparkSession, sources: Iterable[Any]) -> None:
    """Every stream as a table `<source>.<stream>` over its files, with the columns that the lake declares.

    sources: those of dbt's manifest. Their `external_location` says where DuckDB finds the files.
    """
    data = str(settings.data_dir())
    for source in sources:
        [files] = re.findall(r"'(.+)'", source.meta["external_location"])
        path = Path(files.format(name=source.name).replace("$MDM_DATA", data))
        folder = path.parent if path.name == "*.parquet" else path
        declared = pq.read_schema(folder / "_schema.parquet" if folder.is_dir() else folder)
        spark.sql(f"create database if not exists {source.source_name}")
        spark.catalog.createTable(
            f"{source.source_name}.{source.name}",
            path=str(folder),
            source="parquet",
            schema=from_arrow_schema(declared),
            pathGlobFilter="*.parquet",  # manifests lie beside the batches
        )


def know_seeds(spark: SparkSession, seeds: Iterable[Any]) -> None:
    """Every seed of the manifest as a table over its file: `dbt seed` loses quotes and nulls in a session."""
    for seed in seeds:
        path = PROJECT / seed.original_file_path
        types = seed.config.column_types
        header = path.read_text().splitlines()[0].split(",")
        columns = ", ".join(f"{name} {types.get(name, 'string')}" for name in header)
        spark.sql(f"create database if not exists {seed.schema}")
        spark.sql(
            f"create table {seed.schema}.{seed.alias} ({columns})"
            f""" using csv options (header 'true', escape '"') location '{path}'"""
        )


def main() -> None:
    folder, *words = sys.argv[1:]
    dbt, own = dbtRunner(), str(Path(folder).absolute() / "dbt")
    settings.apply({"DBT_TARGET_PATH": own, "DBT_LOG_PATH": own})
    at = ("--target", "spark", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT))
    spark = session(Path(folder).absolute())
    manifest: Any = dbt.invoke(["parse", *at]).result
    know_functions(spark)
    know_lake(spark, manifest.sources.values())
    know_seeds(spark, (node for node in manifest.nodes.values() if node.resource_type == "seed"))
    sys.exit(0 if dbt.invoke([*(words or WORDS), *at]).success else 1)


if __name__ == "__main__":
    main()

"""A small invented warehouse, its manifest and run records: what publication reads, in the real shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from pipelines import records, run, warehouse
from pipelines.lake import write_parquet
from pipelines.publish import TABLES, Release
from pipelines.sources import SOURCES
from pipelines.status import SOURCES_SCHEMA, STREAMS_SCHEMA

AS_OF = datetime(2026, 7, 1, 3, tzinfo=UTC)
RELEASE = Release(run_id="run1", as_of=AS_OF, code_revision="c0de", created_at=AS_OF, inputs={"batches": 3})

DECLARED = {
    "active_contributors_by_region": {
        "unit": "persons",
        "persons": "distinct persons",
        "topic_area": "regional",
    },
    "region_coverage": {"unit": "share", "persons": "persons active", "topic_area": "regional"},
    "contributor_absence_factor": {
        "unit": "persons (fewest)",
        "persons": "persons",
        "topic_area": "regional",
    },
    "source_freshness_h": {"unit": "hours", "persons": "none", "topic_area": "systems"},
    "demographic_share": {
        "unit": "share of respondents",
        "persons": "respondents",
        "topic_area": "regional",
        "additive_over": ["attribute_value"],
    },
}
OWN = {f"sumo:{number}": f"sumo:{number}" for number in range(100)}
"""A hundred people with one account each."""

BLANK = dict.fromkeys([*TABLES["metric_value"], "smallest_group"])


def value(metric: str, number: float | None, **columns: Any) -> dict[str, Any]:
    """One row of `metrics.metric_value`; a month, of the community, when nothing else is said."""
    return {
        **BLANK,
        "metric": metric, "version": 1, "grain": "month", "population": "community", "status": "complete",
        "period_start": datetime(2026, 5, 1), "period_end": datetime(2026, 6, 1), "value": number,
        "parameters_hash": "0123456789ab", "input_snapshot": "in-1", "identity_snapshot": "id-1",
        "computed_at": AS_OF.replace(tzinfo=None), **columns,
    }  # fmt: skip


def regional(region: str | None, persons: int, **columns: Any) -> dict[str, Any]:
    counts = {"value": persons, "persons": persons, "smallest_group": persons, "coverage": 0.75}
    return value("active_contributors_by_region", None, region=region) | counts | columns


def told(gender: str, persons: int, of: int = 109, **columns: Any) -> dict[str, Any]:
    """How many of all respondents told a gender."""
    return value(
        "demographic_share", persons / of, grain="wave", wave="2026-05", attribute="gender",
        attribute_value=gender, category="raw", numerator=persons, denominator=of, persons=of,
        smallest_group=min(persons, of - persons), **columns,
    )  # fmt: skip


def values() -> list[dict[str, Any]]:
    """Cells of every kind: large, of 3, of 7, of nobody; a share, an order statistic, a lag, and gaps."""
    return [
        regional("southern_europe", 43, flags="region_backfilled"),
        regional("western_asia", 3),
        regional("caribbean", 2),
        regional("central_asia", 7),
        regional("antarctica", 0),
        regional("unknown", 18),
        regional("southern_europe", 42, country="SI"),
        value("region_coverage", 53 / 71, ci_low=0.6345, ci_high=0.8333, numerator=53, denominator=71,
              persons=71, smallest_group=53, unknown_affiliation_share=0.123),
        value("region_coverage", None, status="no_denominator", area="code", persons=0, smallest_group=0),
        value("region_coverage", None, status="unavailable", area="support"),
        value("contributor_absence_factor", 6, persons=71, smallest_group=71),
        told("man", 60),
        told("woman", 31),
        told("non_binary", 12),
        told("self_described", 2),
        told("prefer_not_to_say", 4),
        value("source_freshness_h", 5.25, source="sumo", grain="run", population=None),
        value("source_freshness_h", 2.5, source="reps", grain="run", population=None, status="provisional"),
    ]  # fmt: skip


def manifest() -> dict[str, Any]:
    """As much of dbt's manifest as is read: a node a metric, with its declaration, and one without."""
    common = {
        "version": 1, "title": "A title", "question": "A question?", "definition": "What is counted.",
        "grain": "month", "window": "calendar month", "direction": "up", "interval": "none",
        "sources": ["sumo", "reps"], "reference": "CHAOSS", "additive_over": ["region"], "notes": "",
        "parameters": ["min_persons"],
    }  # fmt: skip
    nodes = {
        f"model.mdm.met_{name}": {
            "name": f"met_{name}",
            "config": {"meta": {"metric": {**common, **declared, "metric": name}}},
        }
        for name, declared in DECLARED.items()
    }
    return {"nodes": {**nodes, "model.mdm.dim_person": {"name": "dim_person", "config": {"meta": {}}}}}


@dataclass(frozen=True)
class Place:
    """A data folder as a run leaves it before publication."""

    data: Path

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse.duckdb"

    @property
    def manifest(self) -> Path:
        return self.data / "manifest.json"

    @property
    def out(self) -> Path:
        return self.data / "published"

    def fill(self, rows: Iterable[dict[str, Any]], persons: Mapping[str, str] | None = None) -> None:
        """Make warehouse, manifest and run records anew, with `rows` as the metric values.

        persons: account -> whose it is.
        """
        self.warehouse.unlink(missing_ok=True)
        self.manifest.write_text(json.dumps(manifest()))
        self._write_run_records()
        types = TABLES["metric_value"] | {"smallest_group": "bigint"}
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("create schema metrics; create schema marts")
            connection.execute("create schema intermediate; create schema staging")
            frame = pd.DataFrame(list(rows), columns=list(types)).astype(object)
            connection.register("frame", frame.where(frame.notna(), None))
            casts = ", ".join(f"cast({name} as {type_}) as {name}" for name, type_ in types.items())
            connection.execute(f"create table metrics.metric_value as select {casts} from frame")
            connection.execute(
                """create table metrics.metric as
                   select distinct metric, '{"min_persons": 5}' as parameters from metrics.metric_value
                   union all
                   select 'identity_volatility', '{"identity_volatility_limit": 0.02}'"""
            )
            connection.execute("create table staging.stg_pipeline__runs as select $1 as as_of", [AS_OF])
            connection.execute(
                """create table intermediate.int_identity__accounts
                   (account_key text, person_id text, probable_person_id text, is_bot bool)"""
            )
            whose = [(account, person, person, False) for account, person in (persons or OWN).items()]
            connection.executemany(
                "insert into intermediate.int_identity__accounts values (?, ?, ?, ?)", whose
            )
            connection.execute(
                """
                create table metrics.topic_area (topic_area text, position int, title text, question text);
                insert into metrics.topic_area values
                    ('systems', 2, 'Systems', 'Do tools hold?'), ('regional', 1, 'Regions', 'Where are we?');
                create table marts.dim_region (region text, name text, parent text, region_scheme text);
                insert into marts.dim_region values
                    ('southern_europe', 'Southern Europe', 'Europe', 'un_m49_sub_region'),
                    ('western_asia', 'Western Asia', 'Asia', 'un_m49_sub_region'),
                    ('caribbean', 'Caribbean', 'Latin America', 'un_m49_sub_region'),
                    ('central_asia', 'Central Asia', 'Asia', 'un_m49_sub_region'),
                    ('antarctica', 'Antarctica', 'Antarctica', 'un_m49_sub_region'),
                    ('unknown', 'Not known', null, 'un_m49_sub_region');
                create table marts.dim_country (country text, iso3 text, name text, region text);
                insert into marts.dim_country values ('SI', 'SVN', 'Slovenia', 'southern_europe');
                """
            )

    def _write_run_records(self) -> None:
        folder = self.data / "raw" / "_pipeline"
        folder.mkdir(parents=True, exist_ok=True)
        sources = [
            {
                "source": source.name, "title": source.title, "opened_on": source.opened_on,
                "closed_on": source.closed_on, "grace_hours": 0.0, "loaded_from": AS_OF, "watermark": AS_OF,
                "is_loaded": True,
            }
            for source in SOURCES.values()
        ]  # fmt: skip
        streams = [
            {
                "source": source.name, "stream": stream.name, "about": stream.about, "records": 7,
                "versions": 8, "batches": 1, "deleted": 0, "watermark": datetime(2026, 7, 1, tzinfo=UTC),
                "last_run": datetime(2026, 7, 1, 2, tzinfo=UTC), "requests": 3, "quarantined": 0,
                "verdict": "accepted", "reason": None,
            }
            for source in SOURCES.values() for stream in source.streams
        ]  # fmt: skip
        write_parquet(pa.Table.from_pylist(sources, schema=SOURCES_SCHEMA), folder / "sources.parquet")
        write_parquet(pa.Table.from_pylist(streams, schema=STREAMS_SCHEMA), folder / "streams.parquet")


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a published file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def demo_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A standing warehouse of the demo community in `folder`, by whose clock commands publish it."""
    filled = Place(folder)
    filled.fill(values())
    records.prepare(folder / "raw" / "_pipeline")
    run.begin(folder, run.World("demo", now={"sumo": AS_OF.isoformat()}))
    monkeypatch.setattr(warehouse, "manifest", lambda _: filled.manifest)
    monkeypatch.setenv("MDM_DATA", str(folder))
    return filled

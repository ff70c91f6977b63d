"""What the pipeline keeps of its runs: checks are counted by layer, values compared with what they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import records
from pipelines.metric_shape import COLUMNS
from pipelines.records import Checks

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def kept(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(pq.read_table(folder / f"{name}.parquet").to_pylist())


def test_a_run_of_the_same_clock_takes_the_place_of_the_former_ones_checks(tmp_path: Path) -> None:
    records.note_checks(tmp_path, "one", NOON, [Checks("landing", "critical", 5, 5, 0, None)])
    records.note_checks(tmp_path, "two", NOON, [Checks("marts", "critical", 9, 8, 0, "x")])
    records.note_checks(tmp_path, "two", NOON, [Checks("landing", "critical", 5, 4, 1, "y")])
    records.note_checks(
        tmp_path, "three", NOON + timedelta(days=1), [Checks("marts", "critical", 9, 9, 0, None)]
    )
    found = [(row["run_id"], row["layer"], row["passed"]) for row in kept(tmp_path, "checks")]
    assert found == [("two", "marts", 8), ("two", "landing", 4), ("three", "marts", 9)]


def test_tests_of_dbt_are_counted_by_the_highest_layer_they_look_at(tmp_path: Path) -> None:
    def test(name: str, severity: str, *models: str) -> dict[str, Any]:
        needs = [f"model.mdm.{model}" for model in models]
        return {
            "name": name,
            "resource_type": "test",
            "config": {"severity": severity},
            "depends_on": {"nodes": needs},
        }

    nodes = {
        "model.mdm.stg": {"name": "stg", "resource_type": "model", "fqn": ["mdm", "staging", "a", "stg"]},
        "model.mdm.fct": {"name": "fct", "resource_type": "model", "fqn": ["mdm", "marts", "fct"]},
        "test.one": test("one", "ERROR", "stg"),
        "test.both": test("both", "error", "stg", "fct"),
        "test.fails": test("fails", "error", "fct"),
        "test.warns": test("warns", "warn", "fct"),
        "test.skipped": test("skipped", "error", "fct"),
    }
    statuses = {
        "model.mdm.fct": "success",
        "test.one": "pass",
        "test.both": "pass",
        "test.fails": "fail",
        "test.warns": "warn",
        "test.skipped": "skipped",
    }
    results = [{"unique_id": name, "status": status} for name, status in statuses.items()]
    assert records.dbt_checks(tmp_path) == []
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
    assert records.dbt_checks(tmp_path) == [
        Checks("marts", "critical", 2, 1, 1, "fails, skipped"),
        Checks("marts", "warning", 1, 0, 0, "warns"),
        Checks("staging", "critical", 1, 1, 0, None),
    ]


def test_every_rule_of_a_publish_gate_counts_once_an_audience() -> None:
    clean = {check.severity: check for check in records.publish_checks(0, 0)}
    failed = {check.severity: check for check in records.publish_checks(2, 1)}
    assert clean["critical"].passed == clean["critical"].executed > 50
    assert clean["critical"].executed - failed["critical"].passed == 2
    assert clean["warning"].executed - failed["warning"].passed == 1


UNITS = {"contributions": "contributions", "region_coverage": "share"}


def version(out: Path, name: str, values: dict[tuple[str, str | None], float], **changes: Any) -> None:
    """A published version with the values of June: (metric, area) -> value."""
    (out / name).mkdir(parents=True)
    columns = ", ".join(f"{column} {type_}" for column, type_ in COLUMNS.items())
    with duckdb.connect(str(out / name / "internal.duckdb")) as connection:
        connection.execute(f"create table metric_value ({columns})")
        connection.execute("create table metric (metric varchar, unit varchar)")
        connection.executemany("insert into metric values (?, ?)", list(UNITS.items()))
        for (metric, area), value in values.items():
            row = {
                "metric": metric, "version": 1, "period_start": "2026-06-01", "period_end": "2026-07-01",
                "grain": "month", "area": area, "value": value, "status": "complete", "parameters_hash": "p",
                "input_snapshot": name, "identity_snapshot": "i", **changes,
            }  # fmt: skip
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            connection.execute(f"insert into metric_value ({names}) values ({marks})", list(row.values()))


FIRST: dict[tuple[str, str | None], float] = {
    ("contributions", None): 1000,
    ("contributions", "code"): 50,
    ("contributions", "support"): 50,
    ("region_coverage", None): 0.5,
}
LATER: dict[tuple[str, str | None], float] = {
    ("contributions", None): 1010,  # 1 % is within
    ("contributions", "code"): 51,  # one more of a count below 100 is a change
    ("contributions", "support"): 50,
    ("region_coverage", None): 0.51,  # 2 %
}


def test_values_are_judged_once_thirty_days_after_they_were_first_published(tmp_path: Path) -> None:
    out, folder = tmp_path / "published", tmp_path / "raw"
    version(out, "a", FIRST)
    version(out, "b", LATER)
    records.note_publication(folder, out, "a", NOON)
    records.note_publication(folder, out, "b", NOON + timedelta(days=29))
    assert kept(folder, "revisions") == []
    records.note_publication(folder, out, "b", NOON + timedelta(days=30))
    records.note_publication(folder, out, "b", NOON + timedelta(days=31))
    first = {row["metric"]: row["first_complete_at"] for row in kept(folder, "publications")}
    assert first == {"contributions": NOON, "region_coverage": NOON}
    found = [
        (row["metric"], row["cause"], row["values_compared"], row["values_changed"])
        for row in kept(folder, "revisions")
    ]
    assert found == [("contributions", "late_data", 3, 1), ("region_coverage", "late_data", 1, 1)]


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ({}, {"version": 2}, "definition"),
        ({}, {"parameters_hash": "other"}, "definition"),
        ({"flags": "source_missing"}, {}, "new_data"),
        ({}, {}, "late_data"),
        ({"input_snapshot": "same"}, {"input_snapshot": "same", "identity_snapshot": "other"}, "identity"),
        ({"input_snapshot": "same"}, {"input_snapshot": "same"}, "code"),
    ],
)
def test_every_change_has_the_first_cause_that_holds(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], cause: str
) -> None:
    out, folder = tmp_path / "published", tmp_path / "raw"
    version(out, "a", FIRST, **before)
    version(out, "b", LATER, **after)
    records.note_publication(folder, out, "a", NOON)
    records.note_publication(folder, out, "b", NOON + timedelta(days=40))
    assert {row["cause"] for row in kept(folder, "revisions")} == {cause}


def test_a_month_that_is_provisional_in_part_has_not_been_published_whole(tmp_path: Path) -> None:
    version(tmp_path / "published", "a", FIRST, status="provisional", flags="source_missing")
    records.note_publication(tmp_path / "raw", tmp_path / "published", "a", NOON)
    assert kept(tmp_path / "raw", "publications") == []

"""What the pipeline keeps of its own runs, so that the next build can tell how good they were.

    <data>/raw/_pipeline/checks.parquet         checks of a run by layer: executed, passed, skipped
    <data>/raw/_pipeline/publications.parquet   when values of a metric and month were first published
    <data>/raw/_pipeline/revisions.parquet      how many of them had changed 30 days later, and why
    <data>/raw/_pipeline/acknowledgements.parquet   when and why somebody let many persons change
    <data>/dagster/last_run.json                when the last run began and ended, and what failed

Rows are added and never changed; a run that repeats the clock of an earlier one takes the place of its
checks. In here: counts of checks and of values, never a person and no value. Not in here: what a metric
makes of them (`dbt/`), what is published (`publish.py`), where a source stands (`status.py`).
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.lake import StreamState, write_parquet, write_text
from pipelines.metric_shape import DIMENSIONS
from pipelines.sources.spec import stamp

if TYPE_CHECKING:
    from pipelines.acknowledgement import Changed

INSTANT = pa.timestamp("us", tz="UTC")
CHECKS_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("as_of", INSTANT),
        ("layer", pa.string()),
        ("severity", pa.string()),
        ("executed", pa.int64()),
        ("passed", pa.int64()),
        ("skipped", pa.int64()),
        ("not_passed", pa.string()),
    ]
)
PUBLICATIONS_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("period_start", INSTANT),
        ("period_end", INSTANT),
        ("first_complete_in", pa.string()),
        ("first_complete_at", INSTANT),
    ]
)
REVISIONS_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("period_start", INSTANT),
        ("period_end", INSTANT),
        ("first_version", pa.string()),
        ("judged_version", pa.string()),
        ("judged_at", INSTANT),
        ("cause", pa.string()),
        ("values_compared", pa.int64()),
        ("values_changed", pa.int64()),
    ]
)
ACKNOWLEDGEMENTS_SCHEMA = pa.schema(
    [
        ("acknowledged_at", INSTANT),
        ("since", pa.date32()),
        ("persons", pa.int64()),
        ("changed", pa.int64()),
        ("merged", pa.int64()),
        ("split", pa.int64()),
        ("reason", pa.string()),
    ]
)
SCHEMAS = {
    "checks": CHECKS_SCHEMA,
    "publications": PUBLICATIONS_SCHEMA,
    "revisions": REVISIONS_SCHEMA,
    "acknowledgements": ACKNOWLEDGEMENTS_SCHEMA,
}

JUDGED_AFTER = timedelta(days=30)
"""A value is compared with what it was first published as when that is so long ago."""

SMALL_COUNT = 100
"""Below it a count has changed with one more or less; all other values with more than SAME_WITHIN."""
SAME_WITHIN = 0.01


@dataclass(frozen=True)
class Checks:
    """The checks of one layer and severity. not_passed: names of the failed and the skipped, for a person."""

    layer: str
    severity: str
    executed: int
    passed: int
    skipped: int
    not_passed: str | None


def prepare(folder: Path) -> None:
    """An empty file for every record that is not there yet: dbt reads them all from the first run on."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        if not (folder / f"{name}.parquet").exists():
            write_parquet(schema.empty_table(), folder / f"{name}.parquet")


# --- The last run -------------------------------------------------------------------------------


def note_run(data: Path, began_at: datetime, ended_at: datetime | None, failed: Iterable[str]) -> None:
    """Keep how the last run went, in the place of the one before. failed: `step: sentence`; instants in UTC.

    A disk that is full keeps the note from the run's beginning, so that it is not told as well.
    """
    content = {
        "began_at": stamp(began_at),
        "ended_at": stamp(ended_at) if ended_at else None,
        "failed": list(failed),
    }
    path = data / "dagster" / "last_run.json"
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        write_text(json.dumps(content, indent=1), path)


def last_run(data: Path) -> dict[str, Any] | None:
    """What `note_run` kept; None before the first run, or where the file is damaged."""
    try:
        found: dict[str, Any] = json.loads((data / "dagster" / "last_run.json").read_text())
    except (OSError, ValueError):
        return None
    return found


# --- Checks -------------------------------------------------------------------------------------


def landing_checks(states: Iterable[StreamState]) -> list[Checks]:
    """One check a stream: its landing gate. A stream that was never read has not been judged."""
    found = [(state.verdict, f"{state.source}/{state.stream}") for state in states]
    verdicts = {"accepted": "pass", "never": "skipped"}
    return _summed(("landing", "critical", verdicts.get(verdict, "fail"), name) for verdict, name in found)


def dbt_checks(target: Path) -> list[Checks]:
    """The data tests of the last dbt build under `target`, by the layer of the model they look at.

    Tests of more than one model belong to the highest of their layers. Nothing when dbt left no results.
    """
    results, manifest = target / "run_results.json", target / "manifest.json"
    if not results.exists() or not manifest.exists():
        return []
    nodes = json.loads(manifest.read_text())["nodes"]
    rows = []
    for result in json.loads(results.read_text())["results"]:
        node = nodes.get(result["unique_id"])
        if node is not None and node["resource_type"] == "test":
            severity = "warning" if node["config"]["severity"].lower() == "warn" else "critical"
            status = {"warn": "fail", "error": "fail"}.get(result["status"], result["status"])
            rows.append((_layer_of(node, nodes), severity, status, node["name"]))
    return _summed(rows)


def _layer_of(test: dict[str, Any], nodes: dict[str, Any]) -> str:
    layers = ("staging", "intermediate", "marts", "metrics")
    found = [nodes[name]["fqn"][1] for name in test["depends_on"]["nodes"] if name.startswith("model.")]
    return max((layer for layer in found if layer in layers), key=layers.index, default="staging")


def publish_checks(refused: int, warned: int) -> list[Checks]:
    """The rules of the publish gates, for every audience, of which so many did not hold."""
    from expectations.publish import PUBLISH
    from pipelines.disclosure import AUDIENCES

    rules = Counter(rule.severity for gate in PUBLISH.values() for rule in gate.expectations)
    failed = {"critical": refused, "warning": warned}
    return [
        Checks("publish", severity, executed, executed - min(failed[severity], executed), 0, None)
        for severity, each in sorted(rules.items())
        for executed in [each * len(AUDIENCES)]
    ]


def _summed(rows: Iterable[tuple[str, str, str, str]]) -> list[Checks]:
    """(layer, severity, status, name) of single checks -> their counts."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for layer, severity, status, name in rows:
        groups.setdefault((layer, severity), []).append((status, name))
    return [
        Checks(
            layer,
            severity,
            executed=sum(status != "skipped" for status, _ in found),
            passed=sum(status == "pass" for status, _ in found),
            skipped=sum(status == "skipped" for status, _ in found),
            not_passed=", ".join(sorted(name for status, name in found if status != "pass")) or None,
        )
        for (layer, severity), found in sorted(groups.items())
    ]


def note_checks(folder: Path, run_id: str, as_of: datetime, checks: Iterable[Checks]) -> None:
    """Add the checks of a run (as_of: its clock, with zone); they take the place of the same layers' at
    the same instant."""
    added = [{"run_id": run_id, "as_of": as_of, **asdict(check)} for check in checks]
    layers = {row["layer"] for row in added}
    kept = [
        row
        for row in _rows(folder, "checks")
        if not (row["as_of"] == as_of.astimezone(UTC) and row["layer"] in layers)
    ]
    _write(folder, "checks", kept + added)


# --- Publications and what became of their values -------------------------------------------------


def note_publication(folder: Path, out: Path, version: str, as_of: datetime) -> None:
    """Add what a publication published for the first time, and judge what is old enough by now.

    out: the folder of all versions. Only what staff may see is looked at, so suppressed cells are not.
    A first version that is no longer there cannot be judged and stays so.
    """
    known = _rows(folder, "publications")
    seen = {(row["metric"], row["period_start"]) for row in known}
    new = [
        {**row, "first_complete_in": version, "first_complete_at": as_of}
        for row in _complete_months(out / version / "internal.duckdb")
        if (row["metric"], row["period_start"]) not in seen
    ]
    if new:
        _write(folder, "publications", known + new)
    judged = _rows(folder, "revisions")
    done = {(row["metric"], row["period_start"]) for row in judged}
    due = [
        row
        for row in known
        if row["first_complete_at"] + JUDGED_AFTER <= as_of
        and (row["metric"], row["period_start"]) not in done
    ]
    found: list[dict[str, Any]] = []
    for first in sorted({row["first_complete_in"] for row in due} - {version}):
        if (out / first / "internal.duckdb").exists():
            wanted = {
                (row["metric"], row["period_start"]) for row in due if row["first_complete_in"] == first
            }
            found += [
                {**row, "first_version": first, "judged_version": version, "judged_at": as_of}
                for row in _compared(out / first / "internal.duckdb", out / version / "internal.duckdb")
                if (row["metric"], row["period_start"]) in wanted
            ]
    if found:
        _write(folder, "revisions", judged + found)


# --- What people let pass -------------------------------------------------------------------------


def note_acknowledgement(folder: Path, at: datetime, reason: str, changed: Changed) -> None:
    """Add that somebody let so many persons change, at an instant with zone, and why."""
    counts = asdict(changed)
    added = {name: counts[name] for name in ("since", "persons", "changed", "merged", "split")}
    row = {"acknowledged_at": at, **added, "reason": reason}
    _write(folder, "acknowledgements", [*_rows(folder, "acknowledgements"), row])


def last_acknowledgement(folder: Path) -> dict[str, Any] | None:
    """The newest row of `note_acknowledgement`; None when there is none. Writes nothing."""
    path = folder / "acknowledgements.parquet"
    rows = pq.read_table(path).to_pylist() if path.exists() else []
    return rows[-1] if rows else None


def _complete_months(file: Path) -> list[dict[str, Any]]:
    """The metrics and months with a complete value and none that is provisional."""
    query = """
        select metric, period_start, period_end
        from metric_value
        where grain = 'month'
        group by all
        having bool_or(status = 'complete') and not bool_or(status = 'provisional')
        order by all
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        return _with_zone(connection.execute(query).to_arrow_table().to_pylist())


def _compared(first: Path, now: Path) -> list[dict[str, Any]]:
    """metric and month -> for each cause how many values were compared and how many are others now.

    A cause is what differs between both versions, the first that holds: the metric's version or parameters; a
    source that was missing is there; other inputs, of whichever source; other persons; none of these, so the
    code. It can have moved a value, and need not: which streams of a metric changed, `explain.py` tells.
    """
    from pipelines.disclosure import COUNTS, kind_of

    same = " and ".join(f"was.{name} is not distinct from now.{name}" for name in DIMENSIONS)
    query = f"""
        with both_sides as (
            select
                was.metric, was.period_start, was.period_end, was.value as value_then, now.value as value_now,
                units.is_count,
                case
                    when was.version <> now.version or was.parameters_hash <> now.parameters_hash
                        then 'definition'
                    when contains(coalesce(was.flags, ''), 'source_missing')
                        and not contains(coalesce(now.flags, ''), 'source_missing') then 'new_data'
                    when was.input_snapshot <> now.input_snapshot then 'late_data'
                    when was.identity_snapshot <> now.identity_snapshot then 'identity'
                    else 'code'
                end as cause
            from first.metric_value as was
            inner join now.metric_value as now
                on was.metric = now.metric and was.grain = now.grain
                and was.period_start = now.period_start and {same}
            inner join units on was.metric = units.metric
            where was.grain = 'month' and was.status = 'complete' and now.value is not null
        )

        select
            metric, period_start, period_end, cause,
            count(*) as values_compared,
            count(*) filter (where case
                when is_count and abs(value_then) < {SMALL_COUNT} then abs(value_now - value_then) >= 1
                else abs(value_now - value_then) > {SAME_WITHIN} * abs(value_then)
            end) as values_changed
        from both_sides
        group by all
        order by all
    """
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute(f"attach '{first}' as first (read_only)")
        connection.execute(f"attach '{now}' as now (read_only)")
        units = connection.execute("select metric, unit from now.metric").fetchall()
        connection.execute("create table units (metric varchar, is_count boolean)")
        counts = [(metric, kind_of(unit) in COUNTS) for metric, unit in units]
        connection.executemany("insert into units values (?, ?)", counts)
        return _with_zone(connection.execute(query).to_arrow_table().to_pylist())


def _with_zone(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Published instants are UTC without a zone; the lake's have one."""
    return [
        row | {name: row[name].replace(tzinfo=UTC) for name in ("period_start", "period_end")} for row in rows
    ]


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    prepare(folder)
    return list(pq.read_table(folder / f"{name}.parquet", schema=SCHEMAS[name]).to_pylist())


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    write_parquet(pa.Table.from_pylist(rows, schema=SCHEMAS[name]), folder / f"{name}.parquet")

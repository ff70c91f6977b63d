"""Publication: what passed the gates into new files of aggregates, then one rename of the pointer.

    <out>/<version>/internal.duckdb, public.duckdb   never changed once they are there
    <out>/current                                    the name of the version that readers open

Built beside its place and judged there; a refusal or a crash at any moment leaves the former version
current, and no half one. Not in here: who may see which cell (`disclosure.py`), what must hold
(`expectations/publish/`), where things are (`settings.py`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations.gate import judge
from expectations.publish import FRAMES, PUBLISH
from expectations.publish.metric_value import GRAIN
from pipelines import acknowledgement, pointer
from pipelines.disclosure import ANSWERS, AUDIENCES, SLICE, SURVEY_ATTRIBUTES, Audience, kind_of, protect
from pipelines.lake import write_text
from pipelines.metric_shape import COLUMNS
from pipelines.sources import SYSTEMS

log = logging.getLogger(__name__)

UNFINISHED = ".tmp-"

TABLES: dict[str, dict[str, str]] = {
    "metric": {
        "metric": "varchar", "version": "integer", "topic_area": "varchar", "title": "varchar",
        "question": "varchar", "definition": "varchar", "unit": "varchar", "grain": "varchar",
        "window_text": "varchar", "direction": "varchar", "interval_method": "varchar", "sources": "varchar",
        "reference": "varchar", "persons": "varchar", "additive_over": "varchar", "notes": "varchar",
        "parameters": "varchar",
    },
    "metric_value": COLUMNS,
    "topic_area": {"topic_area": "varchar", "position": "integer", "title": "varchar", "question": "varchar"},
    "region": {
        "code": "varchar", "kind": "varchar", "name": "varchar", "parent": "varchar", "iso3": "varchar",
        "region_scheme": "varchar",
    },
    "source_state": {
        "source": "varchar", "title": "varchar", "stream": "varchar", "about": "varchar", "records": "bigint",
        "watermark": "timestamp", "last_run": "timestamp", "closed_on": "date", "verdict": "varchar",
        "reason": "varchar", "freshness_h": "double",
    },
    "release": {
        "version": "varchar", "audience": "varchar", "k": "integer", "run_id": "varchar",
        "as_of": "timestamp", "created_at": "timestamp", "code_revision": "varchar",
        "input_snapshot": "varchar", "identity_snapshot": "varchar", "inputs": "varchar",
    },
}  # fmt: skip
"""The published tables: column -> type. Instants are UTC without zone; `parameters` and `inputs` are JSON."""

ORDER = {
    "metric": ("metric",),
    "metric_value": GRAIN,
    "topic_area": ("position", "topic_area"),
    "region": ("kind", "code"),
    "source_state": ("source", "stream"),
    "release": ("audience",),
}
"""By what the rows of a table are ordered, so that two builds of the same input export the same bytes."""

OF_THIS_RUN = {"source_state": ("last_run",), "release": ("version", "run_id", "created_at", "inputs")}
"""Columns that differ between two runs over the same input: no reason for another version."""

FROM_WAREHOUSE = {
    "cells": f"from metrics.metric_value order by {', '.join(f'{name} nulls first' for name in GRAIN)}",
    "parameters": "select metric, parameters from metrics.metric",
    "topic_area": "select topic_area, position, title, question from metrics.topic_area",
    "region": """
        select region as code, 'region' as kind, name, parent, null as iso3, region_scheme
        from marts.dim_region
        union all
        select country, 'country', name, region, iso3, (select any_value(region_scheme) from marts.dim_region)
        from marts.dim_country
    """,
}

SOURCE_STATE = """
    select
        streams.source, sources.title, streams.stream, streams.about, streams.records,
        streams.watermark at time zone 'UTC' as watermark,
        streams.last_run at time zone 'UTC' as last_run,
        sources.closed_on, streams.verdict, streams.reason,
        case
            when sources.closed_on is null
                then date_diff('second', streams.watermark, $as_of::timestamptz) / 3600
        end as freshness_h
    from read_parquet($streams) as streams left join read_parquet($sources) as sources using (source)
"""


class PublicationRefused(Exception):
    """The publish gate said no; nothing changed. `sentences`: every reason, for a person to read."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


class PublicationFailed(Exception):
    """Nothing could be built or written; nothing changed. One sentence: what, and where to look."""


@dataclass(frozen=True)
class Release:
    """What a publication stands for: the run, its clock, its code, what it was made of.

    as_of: the run's clock. created_at: when it is published, by our clock. Both with a zone.
    inputs: anything that tells which data went in, e.g. the last batch of each stream; becomes JSON.
    """

    run_id: str
    as_of: datetime
    code_revision: str
    created_at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """The version that is current now. is_new: not there before. rows, suppressed: values by audience."""

    version: str
    path: Path
    is_new: bool
    rows: Mapping[str, int]
    suppressed: Mapping[str, int]
    warnings: tuple[str, ...]


def publish(warehouse: Path, manifest: Path, out: Path, release: Release) -> Published:
    """Publish what the warehouse holds, for every audience, and make it current.

    manifest: dbt's, for the declarations of metrics. The run records are those beside the warehouse.
    The version is named after the run's clock and the content: the same content is the same version.
    Raises PublicationRefused when a gate refuses and PublicationFailed when something cannot be read or
    written; the former version is current then, as before.
    """
    declared = declarations(manifest)
    found = _read_warehouse(warehouse)
    changed = _read_changes(warehouse)
    state = _read_run_records(warehouse.parent / "raw" / "_pipeline", release.as_of)
    asked = state["source"].isin(SYSTEMS)
    if not state["records"][asked].sum():
        raise PublicationRefused(("no source has ever given a record: there is nothing to publish",))
    with _written(out):
        out.mkdir(parents=True, exist_ok=True)
        for leftover in out.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover)
        building = out / f"{UNFINISHED}{uuid.uuid4().hex}"
        building.mkdir()
        try:
            return _build(building, out, declared, found, state, changed, release)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def current_version(out: Path) -> Path | None:
    """The folder of the current version; None before the first publication.

    Raises PublicationFailed when the pointer names no version, or one that is not there.
    """
    try:
        name = pointer.current_version(out)
    except pointer.PointerBroken as error:
        raise PublicationFailed(str(error)) from None
    return None if name is None else _version(out, name)


def versions(out: Path) -> list[str]:
    """The names of all whole versions in the order in which they came to be.

    By `release.created_at`: several have one clock in their name after a rebuild. Raises PublicationFailed
    when one cannot be read.
    """
    with _open(":memory:") as connection:
        made = {name: _created_at(connection, out / name) for name in _whole(out)}
    return sorted(made, key=lambda name: (made[name], name))


def roll_back(out: Path, version: str) -> Path:
    """Make an earlier version current again; returns its folder. Raises PublicationFailed without it."""
    path = _version(out, version)
    with _written(out):
        _point_at(out, version)
    return path


def declarations(manifest: Path) -> pd.DataFrame:
    """One row a metric as declared beside its model (`config.meta.metric`), `parameters` still missing.

    Raises PublicationFailed when the manifest cannot be read or a declaration lacks a field.
    """
    try:
        nodes = json.loads(manifest.read_text())["nodes"].values()
    except (OSError, ValueError, KeyError) as error:
        raise PublicationFailed(
            f"{manifest} is not a dbt manifest that can be read ({type(error).__name__}): run `dbt parse`."
        ) from None
    named = {"window_text": "window", "interval_method": "interval"}
    rows = []
    for node in nodes:
        known = node.get("config", {}).get("meta", {}).get("metric")
        if known:
            fields = {
                column: named.get(column, column) for column in TABLES["metric"] if column != "parameters"
            }
            if missing := sorted(set(fields.values()) - set(known)):
                raise PublicationFailed(f"{node['name']} declares its metric without {', '.join(missing)}.")
            rows.append({column: _text_or_number(known[name]) for column, name in fields.items()})
    return pd.DataFrame(rows, columns=[column for column in TABLES["metric"] if column != "parameters"])


def _text_or_number(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


# --- Reading: late open, early close ----------------------------------------------------------


def _read_warehouse(warehouse: Path) -> dict[str, pd.DataFrame]:
    """The frames of FROM_WAREHOUSE, from a connection that is closed again at once."""
    if not warehouse.exists():
        raise PublicationFailed(f"There is no warehouse at {warehouse}: build it first.")
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = {name: _frame(connection, query) for name, query in FROM_WAREHOUSE.items()}
    except duckdb.Error as error:
        raise PublicationFailed(f"{warehouse} cannot be read: {_first_line(error)}") from None
    if missing := {*TABLES["metric_value"], "smallest_group"} - set(found["cells"].columns):
        raise PublicationFailed(f"metrics.metric_value in {warehouse} lacks {', '.join(sorted(missing))}.")
    return found


def _read_changes(warehouse: Path) -> acknowledgement.Changed:
    try:
        return acknowledgement.changed(warehouse.parent)
    except duckdb.Error as error:
        raise PublicationFailed(
            f"{warehouse} does not tell who is one person: {_first_line(error)}"
        ) from None


def _frame(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """The rows; texts as categories in their order, for values by the million repeat a few thousand texts."""
    found = connection.execute(query).to_arrow_table().to_pandas(strings_to_categorical=True)
    for name, column in found.select_dtypes("category").items():
        texts = sorted(column.cat.categories)
        found[name] = column.cat.reorder_categories(texts) if texts else column.astype(object)
    return found


def _read_run_records(folder: Path, as_of: datetime) -> pd.DataFrame:
    """One row a stream: how much is stored, up to when, what the last batch was judged."""
    files = {name: str(folder / f"{name}.parquet") for name in ("streams", "sources")}
    try:
        with _open(":memory:") as connection:
            return connection.execute(SOURCE_STATE, {**files, "as_of": as_of}).df()
    except duckdb.Error as error:
        raise PublicationFailed(f"The run records in {folder} cannot be read: {_first_line(error)}") from None


def _open(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, config={"autoinstall_known_extensions": "false"})


# --- Building, judging, putting in place ------------------------------------------------------


def _build(
    building: Path,
    out: Path,
    declared: pd.DataFrame,
    found: Mapping[str, pd.DataFrame],
    state: pd.DataFrame,
    changed: acknowledgement.Changed,
    release: Release,
) -> Published:
    """Both files in `building`, judged, then renamed to their version under `out` and pointed at."""
    cells = found["cells"]
    kinds = {row["metric"]: kind_of(str(row["unit"])) for row in declared.to_dict("records")}
    additive = {
        row["metric"]: [name for name in str(row["additive_over"]).split(", ") if name]
        for row in declared.to_dict("records")
    }
    tables = {
        "metric": declared.merge(found["parameters"], on="metric", how="left"),
        "topic_area": found["topic_area"],
        "region": found["region"],
        "source_state": state,
    }
    former = _shown_before(out)
    digest, sentences, warnings = hashlib.sha256(), [], []
    rows, suppressed = {}, {}
    for audience in AUDIENCES:
        protected = protect(cells, audience, kinds, additive, former)
        protected = protected.assign(kind=cells["metric"].map(kinds))
        described = _release_row(release, audience, cells)
        with _open(str(building / f"{audience.name}.duckdb")) as connection:
            _write(connection, tables | {"metric_value": protected, "release": described})
            digest.update(_content(connection))
            refused, warned = _judge(connection, audience, protected, former, changed)
        sentences += refused
        warnings += warned
        rows[audience.name] = len(protected)
        suppressed[audience.name] = int((protected["status"] == "suppressed").sum())
    if sentences:
        raise PublicationRefused(tuple(dict.fromkeys(sentences)))
    version = f"{release.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest.hexdigest()[:8]}"
    for audience in AUDIENCES:
        with _open(str(building / f"{audience.name}.duckdb")) as connection:
            connection.execute("update release set version = ?", [version])
    is_new = not (out / version).exists()
    if is_new:
        _put_in_place(building, out / version)
    _point_at(out, _version(out, version).name)
    log.info("published %s: %s", version, "new" if is_new else "as before")
    return Published(version, out / version, is_new, rows, suppressed, tuple(dict.fromkeys(warnings)))


def _shown_before(out: Path) -> pd.DataFrame:
    """The rows of the survey as staff last saw each of them, whichever version that was: SLICE and ANSWERS.

    The numbers of the public are these, rounded. A row that was held back is compared with its last number
    until it differs by enough. Older versions may have fewer columns. Raises PublicationFailed when a version
    cannot be read.
    """
    found = [pd.DataFrame(columns=[*SLICE, *ANSWERS])]
    with _open(":memory:") as connection:
        for version in reversed(versions(out)):
            connection.execute(f"attach '{out / version / f'{AUDIENCES[0].name}.duckdb'}' as one (read_only)")
            there = {row[0] for row in connection.execute("describe one.metric_value").fetchall()}
            names = (name if name in there else f"null as {name}" for name in (*SLICE, *ANSWERS))
            query = f"""
                select * from (select {", ".join(names)} from one.metric_value)
                where (wave is not null or attribute in {SURVEY_ATTRIBUTES} and attribute_value is not null)
                    and persons is not null
            """
            found.append(connection.execute(query).df())
            connection.execute("detach one")
    shown = pd.concat([one for one in found if len(one)] or found[:1], ignore_index=True)
    return shown.drop_duplicates(list(SLICE), keep="first")


def _release_row(release: Release, audience: Audience, cells: pd.DataFrame) -> pd.DataFrame:
    """`version` is named after the content, so it is filled in last."""
    row = {
        "version": "",
        "audience": audience.name,
        "k": audience.k,
        "run_id": release.run_id,
        "as_of": _plain(release.as_of),
        "created_at": _plain(release.created_at),
        "code_revision": release.code_revision,
        "input_snapshot": _snapshots(cells["input_snapshot"]),
        "identity_snapshot": _snapshots(cells["identity_snapshot"]),
        "inputs": json.dumps(release.inputs, sort_keys=True, default=str),
    }
    return pd.DataFrame([row])


def _snapshots(names: pd.Series) -> str | None:
    """The snapshot all values share; several are named together."""
    return ", ".join(sorted(names.dropna().unique())) or None


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _write(connection: duckdb.DuckDBPyConnection, frames: Mapping[str, pd.DataFrame]) -> None:
    """Every published table with its declared columns and types, rows in their order."""
    for table, columns in TABLES.items():
        connection.register("frame", frames[table])
        casts = ", ".join(f"cast({name} as {type_}) as {name}" for name, type_ in columns.items())
        order = ", ".join(f"{name} nulls first" for name in ORDER[table])
        connection.execute(f"create table {table} as select {casts} from frame order by {order}")
        connection.unregister("frame")


def _content(connection: duckdb.DuckDBPyConnection) -> bytes:
    """What the file says, apart from which run said it: equal content, equal bytes."""
    digest = hashlib.sha256()
    for table in TABLES:
        apart = OF_THIS_RUN.get(table, ())
        kept = ", ".join(name for name in TABLES[table] if name not in apart)
        query = f"select to_json(row)::varchar from (select {kept} from {table}) as row"
        for (line,) in connection.execute(query).fetchall():
            digest.update(f"{table} {line}\n".encode())
    return digest.digest()


def _judge(
    connection: duckdb.DuckDBPyConnection,
    audience: Audience,
    protected: pd.DataFrame,
    former: pd.DataFrame,
    changed: acknowledgement.Changed,
) -> tuple[list[str], list[str]]:
    """The reasons against a candidate file, and the warnings. `smallest_group` never becomes a table.

    That too many persons changed is told with the numbers and the ways on, in the same words for every file.
    """
    connection.register("cells", protected)
    connection.register("former", former)
    connection.register(
        "identities", pd.DataFrame([{"changed_share": changed.share, "limit": changed.limit}])
    )
    refused, warned = [], []
    for name, gate in PUBLISH.items():
        verdict = judge(gate, connection.execute(FRAMES[name]).df())
        if name == "identities" and changed.blocks and not verdict.accepted:
            refused.append(changed.sentence())
            continue
        refused += [f"{audience.name} {name}: {failure.sentence()}" for failure in verdict.failures]
        warned += [f"{audience.name} {name}: {failure.sentence()}" for failure in verdict.warnings]
    for name in ("cells", "former", "identities"):
        connection.unregister(name)
    return refused, warned


def _put_in_place(building: Path, version: Path) -> None:
    """Flush the files and rename their folder: a version appears whole or not at all."""
    for path in building.iterdir():
        _flush(path)
    building.rename(version)
    _flush(version.parent)


def _point_at(out: Path, version: str) -> None:
    write_text(version, out / pointer.POINTER)
    _flush(out)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- Versions ---------------------------------------------------------------------------------


def _version(out: Path, name: str) -> Path:
    path = out / name
    if not pointer.is_version_name(name) or not _is_whole(path):
        raise PublicationFailed(
            f"{path} is not a whole published version; there are: {_whole(out) or 'none'}."
        )
    return path


def _whole(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if _is_whole(path)) if out.exists() else []


def _created_at(connection: duckdb.DuckDBPyConnection, version: Path) -> datetime:
    """When a version was published. Attached: a fifth of the time of a connection to each file."""
    try:
        connection.execute(f"attach '{version / 'internal.duckdb'}' as one (read_only)")
        found = connection.execute("select created_at from one.release").fetchone()
        connection.execute("detach one")
    except duckdb.Error as error:
        raise PublicationFailed(f"{version} cannot be read: {_first_line(error)}") from None
    assert found is not None
    made: datetime = found[0]
    return made


def _is_whole(path: Path) -> bool:
    files = [path / f"{audience.name}.duckdb" for audience in AUDIENCES]
    return not path.name.startswith(".") and all(file.is_file() for file in files)


@contextmanager
def _written(out: Path) -> Iterator[None]:
    """Turn what the file system or DuckDB says about `out` into one sentence."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        raise PublicationFailed(f"{out} cannot be written, nothing changed: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

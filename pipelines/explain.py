"""The way from one number back to its sources: what it means, how it was made, of what, and what moved it.

In here: finding the values that were asked for, the models and streams above them (from dbt's manifest), rows
at each step, and the comparison with the version published before. Not in here: how it is printed (`cli.py`),
what a metric means (its own yml), and anything about one person: steps are counted, never listed.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import publish, warehouse
from pipelines.disclosure import AUDIENCES
from pipelines.lake import Lake
from pipelines.metric_shape import DIMENSIONS, KEYS, MEASURES, between_ends
from pipelines.sources import SOURCES

LAYERS = ("staging", "intermediate", "marts", "metrics")
TIMES = (
    "occurred_at", "occurred_on", "opened_at", "changed_at", "created_at", "acted_at", "filed_at",
    "starts_at", "posted_at", "reported_on", "recognised_on", "period_end",
)  # fmt: skip
"""Columns that say when a row of a model belongs to a period; the first that a model has is asked."""

OF_METRICS = ("category", "outcome")
"""Dimensions that mean what a metric says, and in layers below metrics something else."""

SHOWN_ROWS = 20
K = AUDIENCES[0].k
"""A slice of fewer rows than staff may see persons is not counted out."""


class NotExplained(Exception):
    """There is nothing to explain: one sentence says what was looked for and what there is."""


@dataclass(frozen=True)
class Step:
    """One model on the way. of: the part of the asked slice that the model tells, to which its rows belong;
    "" where it tells none of it, so that they are everybody's.

    rows, in_period (those of the period): None where a slice has fewer than `K` of them, but any; in_period
    also where a model has no time (`has_time`).
    """

    layer: str
    model: str
    about: str
    of: str
    rows: int | None
    in_period: int | None
    has_time: bool


@dataclass(frozen=True)
class Aside:
    """Acts of the period that one source has and that were set aside. of, acts: as of a Step."""

    source: str
    reason: str
    of: str
    acts: int | None


@dataclass(frozen=True)
class Inlet:
    """One stream of the lake at the beginning of the way, whoever its records are of.

    records: live ones. first, last: of the batches with rows that were there when the version was published,
    their id, and when they were landed (UTC); None where there are none.
    """

    source: str
    stream: str
    records: int
    versions: int
    batches: int
    first_batch: str | None
    first_landed_at: str | None
    last_batch: str | None
    last_landed_at: str | None
    watermark: str | None


@dataclass(frozen=True)
class Change:
    """A value that differs from the version before. causes: what may have moved it, the strongest first."""

    slice: str
    before: float | None
    before_status: str
    now: float | None
    status: str
    causes: tuple[str, ...]


@dataclass(frozen=True)
class Basis:
    """What can move a metric: streams of the lake above it (`source/stream`), the sources that it declares,
    and whether it tells of persons. Nearly all streams are above every metric of people, for who they are."""

    streams: frozenset[str]
    sources: frozenset[str]
    knows_persons: bool


@dataclass(frozen=True)
class Explanation:
    """Everything that is told of one metric; rows are mappings of published columns.

    period: [start, end), UTC without zone, for which the steps are counted. slice: the asked one, of which
    they are counted; {} where none was asked, or one of its values is suppressed (`is_suppressed`): then
    they are everybody's, for they would tell what the value must not.
    """

    declaration: Mapping[str, Any]
    version: str
    values: list[dict[str, Any]]
    more_values: int
    period: tuple[datetime | None, datetime | None]
    slice: Mapping[str, str]
    is_suppressed: bool
    sql: str
    sql_path: str
    steps: list[Step]
    set_aside: list[Aside]
    inlets: list[Inlet]
    previous_version: str | None
    changes: list[Change] = field(default_factory=list)


def explain(data: Path, metric: str, period: str | None, given: Mapping[str, str]) -> Explanation:
    """The way of one metric's values in the current internal publication.

    period: `2026-05`, `2026-Q2` or `2026`; None: the newest of each grain. given: dimension -> value; what
    is not given is not split by, where the metric has such rows. Raises NotExplained, PublicationFailed where
    a version cannot be read, and WarehouseClosed.
    """
    unknown = sorted(set(given) - set(DIMENSIONS))
    if unknown:
        raise NotExplained(f"no value is split by {', '.join(unknown)}; there are {', '.join(DIMENSIONS)}.")
    out = data / "published"
    current = publish.current_version(out)
    if current is None:
        raise NotExplained(f"Nothing has been published in {data} yet: run `mdm run` first.")
    declaration = _declaration(current, metric)
    bounds = period_bounds(period) if period else None
    given = {name: _known(current, metric, name, value) for name, value in given.items()}
    values, more = values_of(current, metric, bounds, given)
    if not values:
        raise NotExplained(f"{metric} has no value for {_asked(period, given)} in {current.name}.")
    manifest = json.loads(warehouse.manifest(data).read_text())
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    model = f"met_{metric}"
    above = _above(manifest, nodes[model]["unique_id"])
    starts, ends = bounds or (values[0]["period_start"], values[0]["period_end"])
    is_suppressed = any(row["status"] == "suppressed" for row in values)
    asked = {} if is_suppressed else given
    steps, aside = _counted(data, manifest, above, (starts, ends), asked)
    previous, changes = changes_since(out, current.name, values, _basis(manifest, above, declaration))
    return Explanation(
        declaration=declaration,
        version=current.name,
        values=values,
        more_values=more,
        period=(starts, ends),
        slice=asked,
        is_suppressed=is_suppressed,
        sql=_sql(data, nodes[model]),
        sql_path=f"dbt/{nodes[model]['original_file_path']}",
        steps=steps,
        set_aside=aside,
        inlets=_inlets(data, manifest, above, current),
        previous_version=previous,
        changes=changes,
    )


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """`2026-05`, `2026-Q2`, `2026` -> [start, end) in UTC without zone. Raises NotExplained."""
    found = re.fullmatch(r"(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?", period)
    if not found:
        raise NotExplained(f"a period is written 2026-05, 2026-Q2 or 2026, not {period!r}.")
    year, month, quarter = (int(part) if part else None for part in found.groups())
    assert year is not None
    first = month or (3 * quarter - 2 if quarter else 1)
    months = 1 if month else 3 if quarter else 12
    after = year * 12 + first - 1 + months
    return datetime(year, first, 1), datetime(after // 12, after % 12 + 1, 1)


def _asked(period: str | None, given: Mapping[str, str]) -> str:
    return ", ".join([period or "any period", *(f"{name} {value}" for name, value in given.items())])


# --- What was published -----------------------------------------------------------------------


def _query(version: Path, query: str, values: Any = None) -> list[dict[str, Any]]:
    path = version / "internal.duckdb"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(query, values)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except duckdb.Error as error:
        told = warehouse.database_trouble(path, error)
        if told is None:
            raise
        raise NotExplained(told) from None


def _dimensions(version: Path) -> list[str]:
    """Those dimensions that this version has; older versions may have fewer."""
    found = _query(version, "select column_name from (describe metric_value)")
    there = {row["column_name"] for row in found}
    return [name for name in DIMENSIONS if name in there]


def _declaration(version: Path, metric: str) -> dict[str, Any]:
    found = _query(version, "select * from metric where metric = $1", [metric])
    if not found:
        there = [row["metric"] for row in _query(version, "select metric from metric order by metric")]
        near = difflib.get_close_matches(metric, there, n=3)
        if near:
            raise NotExplained(f"There is no metric {metric!r}; did you mean {' or '.join(near)}?")
        raise NotExplained(f"There is no metric {metric!r}; there are {', '.join(there)}.")
    return found[0]


def _known(version: Path, metric: str, dimension: str, value: str) -> str:
    """The code by which a metric's values are split: as it is given, or of a region with this name.

    Raises NotExplained with the values there are, regions with their names.
    """
    if dimension not in _dimensions(version):
        return value
    rows = _query(
        version,
        f"select distinct {dimension} as code from metric_value"
        f" where metric = $1 and {dimension} is not null order by 1",
        [metric],
    )
    there = {str(row["code"]): "" for row in rows}
    if not there or value in there:
        return value
    if dimension in ("region", "country"):
        named = _query(version, "select code, name from region where kind = $1", [dimension])
        there |= {row["code"]: row["name"] for row in named if row["code"] in there}
    for code, name in there.items():
        if value.lower() in (code.lower(), name.lower()):
            return code
    told = ", ".join(f"{code} ({name})" if name else code for code, name in there.items())
    raise NotExplained(f"{metric} is not split by the {dimension} {value!r}; there are {told}.")


def period_of(row: Mapping[str, Any]) -> str:
    """The period of a value as `--period` takes it; with its grain and end where that takes it not."""
    start, grain = row["period_start"], row["grain"]
    if start is not None and grain in ("month", "quarter", "year"):
        written = {
            "month": f"{start:%Y-%m}",
            "quarter": f"{start:%Y}-Q{(start.month + 2) // 3}",
            "year": f"{start:%Y}",
        }
        return written[grain]
    return f"{grain} to {str(row['period_end'])[:10]}"


def values_of(
    version: Path, metric: str, bounds: tuple[datetime, datetime] | None, given: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    """The rows asked for, and how many more there are than are shown.

    A month asks for windows that end with it as well. Dimensions that were not named are wanted unsplit; a
    metric that is always split by one shows all of its values. Of what may not be read alone only the ends
    are told.
    """
    where, wanted = ["metric = $metric"], dict[str, Any](metric=metric)
    for place, (name, value) in enumerate(given.items()):
        where.append(f"{name} = $given{place}")
        wanted[f"given{place}"] = value
    if bounds:
        where.append("period_end = $end and (period_start = $start or grain like 'trailing%')")
        wanted |= {"start": bounds[0], "end": bounds[1]}
    order = ", ".join(f"{name} nulls first" for name in ("period_end", "grain", *_dimensions(version)))
    rows = _query(version, f"select * from metric_value where {' and '.join(where)} order by {order}", wanted)
    if not bounds:
        newest: dict[str, Any] = {}
        for row in rows:
            if row["period_end"] is not None and row["status"] in ("complete", "provisional"):
                newest[row["grain"]] = max(row["period_end"], newest.get(row["grain"], row["period_end"]))
        rows = [row for row in rows if row["period_end"] == newest.get(row["grain"], row["period_end"])]
    free = [name for name in DIMENSIONS if name not in given and name not in ("category", "population")]
    unsplit = [row for row in rows if all(row.get(name) is None for name in free)]
    rows = unsplit or rows
    rows = [row for row, between in zip(rows, between_ends(rows), strict=True) if not between]
    return rows[:SHOWN_ROWS], max(0, len(rows) - SHOWN_ROWS)


def slice_of(row: Mapping[str, Any]) -> str:
    """The dimensions of a row that are split by, in words: `area code, population staff`."""
    parts = [f"{name} {row[name]}" for name in DIMENSIONS if row.get(name) is not None]
    return ", ".join(parts) or "all"


def changes_since(
    out: Path, current: str, values: Iterable[Mapping[str, Any]], basis: Basis
) -> tuple[str | None, list[Change]]:
    """The version published before the current one, and those of `values` that differ from it.

    basis: of the metric; what else changed between the two versions moved none of its values.
    """
    versions = publish.versions(out)
    earlier = versions[: versions.index(current)]
    if not earlier:
        return None, []
    before = earlier[-1]
    then, now = (_query(out / name, "select * from release")[0] for name in (before, current))
    news = _news(out / before, out / current, basis)
    known_then = _dimensions(out / before)
    key = [name for name in (*KEYS, *known_then) if name != "version"]
    where = " and ".join(f"{name} is not distinct from ${name}" for name in key)
    found = []
    for row in values:
        known = _query(
            out / before, f"select * from metric_value where {where}", {name: row[name] for name in key}
        )
        if any(row[name] is not None for name in DIMENSIONS if name not in known_then):
            known = []
        old = known[0] if known else None
        if old is not None and all(old.get(name) == row.get(name) for name in (*MEASURES, "status")):
            continue
        found.append(
            Change(
                slice=slice_of(row),
                before=old["value"] if old else None,
                before_status=old["status"] if old else "not there",
                now=row["value"],
                status=row["status"],
                causes=tuple(_causes(old, row, then, now, basis, news)),
            )
        )
    return before, found


def _causes(
    old: Mapping[str, Any] | None,
    row: Mapping[str, Any],
    then: Mapping[str, Any],
    now: Mapping[str, Any],
    basis: Basis,
    news: str | None,
) -> Iterable[str]:
    if old is None:
        yield "new: the version before did not have it"
        return
    if old["version"] != row["version"] or old["parameters_hash"] != row["parameters_hash"]:
        yield "definition: another version or other parameters"
    if then["code_revision"] != now["code_revision"]:
        yield f"code: {then['code_revision']} before, {now['code_revision']} now"
    if basis.knows_persons and old["identity_snapshot"] != row["identity_snapshot"]:
        yield "identity: accounts are drawn together otherwise"
    if news is not None and old["input_snapshot"] != row["input_snapshot"]:
        was_over = row["period_end"] is not None and row["period_end"] <= then["as_of"]
        kind = "late data: the period was over before" if was_over else "new data"
        yield f"{kind}; {news}" if news else kind


def _news(before: Path, now: Path, basis: Basis) -> str | None:
    """Which of the streams that a metric rests on hold something else than in the version before, in words:
    another newest batch, or another number of records (somebody was erased).

    Without any of them (a metric of the runs themselves) every run is news, of which nothing more is said.
    None: nothing is news. A stream that shows the same rows may still have been read further.
    """
    if not basis.streams:
        return ""
    states = [
        {
            f"{row['source']}/{row['stream']}": row
            for row in _query(version, "select source, stream, records, watermark from source_state")
        }
        for version in (before, now)
    ]
    batches = [
        json.loads(_query(version, "select inputs from release")[0]["inputs"] or "{}").get("last_batches", {})
        for version in (before, now)
    ]

    def differ(column: str) -> list[str]:
        """The streams of which it does: those of the metric's own sources, else any above it."""
        one, other = ({name: row[column] for name, row in state.items()} for state in states)
        found = [
            name
            for name in sorted(basis.streams)
            if one.get(name) != other.get(name)
            or (column == "records" and batches[0].get(name) != batches[1].get(name))
        ]
        return [name for name in found if name.partition("/")[0] in basis.sources] or found

    if changed := differ("records"):
        return f"changed: {', '.join(changed)}"
    further = differ("watermark")
    return f"no other rows, read further: {', '.join(further)}" if further else None


# --- How it was made --------------------------------------------------------------------------


def _above(manifest: Mapping[str, Any], unique_id: str) -> list[str]:
    """A node and all its ancestors."""
    found, waiting = dict[str, None](), [unique_id]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting += manifest["parent_map"].get(node, [])
    return list(found)


def _basis(manifest: Mapping[str, Any], above: Iterable[str], declaration: Mapping[str, Any]) -> Basis:
    """What can move the metric of these nodes; records of the runs themselves left out."""
    tables = (manifest["sources"][name] for name in above if name in manifest["sources"])
    return Basis(
        frozenset(f"{one['source_name']}/{one['name']}" for one in tables if one["source_name"] in SOURCES),
        frozenset(str(declaration["sources"]).split(", ")),
        declaration["persons"] != "none",
    )


def _sql(data: Path, node: Mapping[str, Any]) -> str:
    """The SQL as it ran; as it is written, where this folder has not run it."""
    compiled = warehouse.manifest(data).parent / "compiled" / "mdm" / node["original_file_path"]
    return (compiled.read_text() if compiled.exists() else str(node["raw_code"])).strip()


def _counted(
    data: Path,
    manifest: Mapping[str, Any],
    above: Iterable[str],
    period: tuple[datetime | None, datetime | None],
    given: Mapping[str, str],
) -> tuple[list[Step], list[Aside]]:
    """Rows of each model on the way, and the acts of the period that were set aside, by source and reason.

    given: the slice, of which each is counted as far as it has the columns.
    """
    path = data / "warehouse.duckdb"
    if not path.exists():
        raise NotExplained(f"There is no warehouse at {path}: `mdm build` makes it.")
    steps, sources, aside = [], set(), list[Aside]()
    starts, ends = period
    with warehouse.reading(data) as connection:
        columns: dict[str, set[str]] = {}
        for table, column in connection.execute(
            "select table_schema || '.' || table_name, column_name from information_schema.columns"
        ).fetchall():
            columns.setdefault(table, set()).add(column)
        for unique_id in above:
            node = manifest["nodes"].get(unique_id)
            if node is None:
                sources.add(manifest["sources"][unique_id]["source_name"])
                continue
            table = f"{node['schema']}.{node['name']}"
            if node["resource_type"] != "model" or table not in columns:
                continue
            own = _slice_in(node["schema"], columns[table], given)
            where = _where(own)
            time = next((name for name in TIMES if name in columns[table]), None)
            inside = None
            if time and starts and ends:
                within = (
                    f"{time} = $ends" if time == "period_end" else f"{time} >= $starts and {time} < $ends"
                )
                bounds = {"ends": ends} if time == "period_end" else {"starts": starts, "ends": ends}
                query = f"select count(*) from {table} where {within} and {where}"
                inside = _number(connection, query, {**bounds, **own})
            rows = _number(connection, f"select count(*) from {table} where {where}", own)
            steps.append(
                Step(
                    layer=node["schema"],
                    model=node["name"],
                    about=node["description"].split(". ")[0].strip(),
                    of=slice_of(own) if own else "",
                    rows=_told(rows, own),
                    in_period=None if inside is None else _told(inside, own),
                    has_time=inside is not None,
                )
            )
        if "model.mdm.int_activity__judged" in above and starts and ends:
            own = _slice_in("intermediate", columns["intermediate.int_activity__judged"], given)
            found = connection.execute(
                f"""
                select source, set_aside_reason, count(*)
                from intermediate.int_activity__judged
                where set_aside_reason is not null and occurred_at >= $starts and occurred_at < $ends
                    and {_where(own)}
                group by all order by all
                """,
                {"starts": starts, "ends": ends, **own},
            ).fetchall()
            of = slice_of(own) if own else ""
            aside = [Aside(source, reason, of, _told(acts, own)) for source, reason, acts in found]
    steps.sort(key=lambda step: (LAYERS.index(step.layer), step.model))
    return steps, [one for one in aside if one.source in sources]


def _slice_in(layer: str, columns: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """What of a slice a model tells: its columns have the names of the dimensions, in whichever layer."""
    return {
        name: value
        for name, value in given.items()
        if name in columns and (layer == "metrics" or name not in OF_METRICS)
    }


def _where(own: Mapping[str, str]) -> str:
    return " and ".join(f"{name}::varchar = ${name}" for name in own) or "true"


def _told(rows: int, own: Mapping[str, str]) -> int | None:
    """A count; None for one of a slice with so few rows that they could be told of few people."""
    return None if own and 0 < rows < K else rows


def _number(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> int:
    found = connection.execute(query, values).fetchone()
    return int(found[0]) if found else 0


def _inlets(data: Path, manifest: Mapping[str, Any], above: Iterable[str], version: Path) -> list[Inlet]:
    """The streams the way begins with, what of them is in the lake, and the batches of a version."""
    with duckdb.connect() as connection:
        path = str(data / "raw" / "_pipeline" / "streams.parquet")
        stored = {
            (source, stream): rest
            for source, stream, *rest in connection.execute(
                "select source, stream, records, versions, watermark::varchar from read_parquet($1)", [path]
            ).fetchall()
        }
    newest = json.loads(_query(version, "select inputs from release")[0]["inputs"] or "{}")
    inlets, lake = [], Lake(data)
    for unique_id in above:
        if unique_id in manifest["sources"]:
            table = manifest["sources"][unique_id]
            key = (table["source_name"], table["name"])
            if key in stored:
                records, versions, watermark = stored[key]
                last = newest.get("last_batches", {}).get("/".join(key))
                batches = [
                    one
                    for one in lake.manifests(*key)
                    if one.file is not None and (last is None or one.batch_id <= last)
                ]
                ends = [(one.batch_id, one.landed_at) for one in batches[:1] + batches[-1:]]
                (first, first_at), (last, last_at) = ends or ((None, None), (None, None))
                inlets.append(
                    Inlet(*key, records, versions, len(batches), first, first_at, last, last_at, watermark)
                )
    return sorted(inlets, key=lambda inlet: (inlet.source, inlet.stream))

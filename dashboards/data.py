"""Read-only access to the published files: which version is current, what it declares, which rows it holds.

The pointer is read each time; what a version holds never changes, so results are kept by file. A database is
opened late and closed before the answer is used, or with the page that asks (`opened_once`). Not in here: how
a number is worded (`words.py`) or drawn (`charts.py`), and any arithmetic on published values.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines import pointer
from pipelines.metric_shape import DIMENSIONS

AUDIENCES = ("public", "internal")
DEFAULT_POPULATION = "community"
"""The population of a headline (catalogue 0.3); a metric that is not about people has none."""


class NothingPublished(Exception):
    """There is no pointer yet: nothing has been published in this folder."""


class PublishedUnreadable(Exception):
    """A version is named but cannot be read: one sentence that says which and why."""


class Split(Enum):
    """How a dimension takes part in a selection, besides being one value or (unnamed) not split at all."""

    EACH = "one row for each value"
    ANY = "split or not"


EACH, ANY = Split.EACH, Split.ANY


@dataclass(frozen=True)
class Declaration:
    """One row of the `metric` table: what a metric means. Texts are as published, empty when not given."""

    metric: str
    version: int
    topic_area: str
    title: str
    question: str
    definition: str
    unit: str
    grain: str
    window: str
    direction: str
    interval_method: str
    sources: tuple[str, ...]
    reference: str
    persons: str
    notes: str
    parameters: str

    def parameter(self, name: str, otherwise: Any) -> Any:
        """What a metric declares of a parameter; `otherwise` in a version that declares none of this name."""
        return json.loads(self.parameters or "{}").get(name, otherwise)


@dataclass(frozen=True)
class Release:
    """One row of the `release` table. Instants are UTC without zone; `k` is the minimum group size."""

    version: str
    audience: str
    k: int
    run_id: str
    as_of: datetime | None
    created_at: datetime | None
    code_revision: str
    input_snapshot: str
    identity_snapshot: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Published:
    """One published file, small tables read; the same object as long as the file is the same.

    topics: topic area -> its question. `regions` and `sources` are frames as published.
    """

    file: Path
    stamp: int
    release: Release
    metrics: Mapping[str, Declaration]
    topics: Mapping[str, str]
    regions: pd.DataFrame = field(repr=False)
    sources: pd.DataFrame = field(repr=False)

    @property
    def version(self) -> str:
        return self.release.version

    def threshold(self, metric: str, name: str, otherwise: float) -> float:
        """A parameter of a metric, `otherwise` where this version does not hold the metric or parameter."""
        known = self.metrics.get(metric)
        return float(known.parameter(name, otherwise)) if known else otherwise

    def region_name(self, code: str) -> str:
        """The name of a region or country; the code itself when the version does not name it."""
        return self._names().get(code, "Region not known" if code == "unknown" else code)

    def has_region(self, code: str) -> bool:
        """Whether the version names a region or country of this code."""
        return code in self._names()

    def _names(self) -> dict[str, str]:
        return dict(zip(self.regions["code"], self.regions["name"], strict=True))

    def select(
        self,
        metric: str,
        grains: Sequence[str],
        *,
        until: datetime | None = None,
        **dimensions: str | Sequence[str] | Split | None,
    ) -> pd.DataFrame:
        """Rows of one metric at its declared version, ordered by period, then by dimension.

        grains: in order of preference; the first one with any row is used.
        until: only periods that end at or before this instant (UTC without zone).
        dimensions: a value, several values, EACH (split by it) or ANY; one that is None or not named must
        be null, which means "not split by it". Population, when not named, is the community or none.
        Raises PublishedUnreadable when the file is damaged or lacks the table.
        """
        where, values = ["metric = ?"], [metric]
        declared = self.metrics.get(metric)
        if declared is not None:
            where.append(f"version = {declared.version:d}")
        for name in DIMENSIONS:
            wanted = dimensions.get(name)
            if wanted is ANY:
                continue
            if wanted is EACH:
                where.append(f"{name} is not null")
            elif wanted is None and name == "population":
                where.append(f"coalesce(population, '{DEFAULT_POPULATION}') = '{DEFAULT_POPULATION}'")
            elif wanted is None:
                where.append(f"{name} is null")
            else:
                several = [wanted] if isinstance(wanted, str) else list(wanted)  # type: ignore[arg-type]
                where.append(f"{name} in ({', '.join('?' * len(several))})")
                values.extend(several)
        query = (
            f"select * from metric_value where {' and '.join(where)}"
            f" order by period_end, {', '.join(DIMENSIONS)}"
        )
        rows = _rows(self.file, self.stamp, query, tuple(values))
        if until is not None:
            rows = rows[rows["period_end"] <= until]
        for grain in grains:
            found = rows[rows["grain"] == grain]
            if len(found):
                return found.reset_index(drop=True)
        return rows.head(0).reset_index(drop=True)


def open_published(published: Path, audience: str = "public", version: str | None = None) -> Published:
    """What is published for an audience: the current version, or an earlier one by its name.

    Raises NothingPublished when there is no pointer and PublishedUnreadable when the named version
    is missing or damaged; never returns something half-read.
    """
    if audience not in AUDIENCES:
        raise ValueError(f"audience is one of {', '.join(AUDIENCES)}, not {audience!r}")
    name = _current(published) if version is None else version
    if not pointer.is_version_name(name):
        raise PublishedUnreadable(f"{name!r} is not a name that a publication gives.")
    file = published / name / f"{audience}.duckdb"
    try:
        stamp = file.stat().st_mtime_ns
    except OSError:
        named = "is named as the published one" if version is None else "was asked for"
        raise PublishedUnreadable(f"Version {name} {named}, but its {audience} file is missing.") from None
    return _opened(file, stamp)


def _current(published: Path) -> str:
    try:
        name = pointer.current_version(published)
    except pointer.PointerBroken as error:
        raise PublishedUnreadable(str(error)) from None
    if name is None:
        raise NothingPublished(f"Nothing is published in {published} yet.")
    return name


@lru_cache(maxsize=8)
def _opened(file: Path, stamp: int) -> Published:
    release = _rows(file, stamp, "select * from release", ())
    if len(release) != 1:
        raise PublishedUnreadable(f"Version {file.parent.name} does not say what it is: no release row.")
    metrics = {
        row["metric"]: _declaration(row) for row in records_of(_rows(file, stamp, "select * from metric", ()))
    }
    topics = records_of(_rows(file, stamp, "select * from topic_area order by position", ()))
    return Published(
        file=file,
        stamp=stamp,
        release=_release(records_of(release)[0]),
        metrics=metrics,
        topics={row["topic_area"]: row["question"] for row in topics},
        regions=_rows(file, stamp, "select * from region order by kind desc, code", ()),
        sources=_rows(file, stamp, "select * from source_state order by source, stream", ()),
    )


_kept = threading.local()


@contextmanager
def opened_once() -> Iterator[None]:
    """While it lasts, this thread opens a published file once for all that it asks, and closes it at the end.

    Opening takes longer than most questions, and a page asks a dozen of them, a report a hundred.
    """
    if hasattr(_kept, "open"):
        yield
        return
    _kept.open = {}
    try:
        yield
    finally:
        for connection in _kept.open.values():
            connection.close()
        del _kept.open


@contextmanager
def _connected(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file's database, read only."""
    kept: dict[Path, duckdb.DuckDBPyConnection] | None = getattr(_kept, "open", None)
    if kept is None:
        with duckdb.connect(str(file), read_only=True) as connection:
            yield connection
        return
    if file not in kept:
        kept[file] = duckdb.connect(str(file), read_only=True)
    yield kept[file]


@lru_cache(maxsize=256)
def _rows(file: Path, stamp: int, query: str, values: tuple[str, ...]) -> pd.DataFrame:
    """The answer of one file to one query; `stamp` keeps answers of a replaced file apart."""
    try:
        with _connected(file) as connection:
            frame = connection.execute(query, list(values)).df()
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0].replace(str(file.parent.parent), "…")
        raise PublishedUnreadable(f"Version {file.parent.name} cannot be read: {reason}") from None
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
    return frame


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """All rows of a frame as plain mappings, column by column: `to_dict` asks the type of every value."""
    names, columns = [str(name) for name in frame.columns], [frame[name].tolist() for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _declaration(row: Mapping[str, Any]) -> Declaration:
    return Declaration(
        metric=row["metric"],
        version=int(row["version"]),
        topic_area=_text(row.get("topic_area")),
        title=_text(row.get("title")),
        question=_text(row.get("question")),
        definition=_text(row.get("definition")),
        unit=_text(row.get("unit")),
        grain=_text(row.get("grain")),
        window=_text(row.get("window_text")),
        direction=_text(row.get("direction")),
        interval_method=_text(row.get("interval_method")),
        sources=_names(row.get("sources")),
        reference=_text(row.get("reference")),
        persons=_text(row.get("persons")),
        notes=_text(row.get("notes")),
        parameters=_text(row.get("parameters")),
    )


def _release(row: Mapping[str, Any]) -> Release:
    return Release(
        version=_text(row["version"]),
        audience=_text(row["audience"]),
        k=int(row["k"]),
        run_id=_text(row.get("run_id")),
        as_of=_instant(row.get("as_of")),
        created_at=_instant(row.get("created_at")),
        code_revision=_text(row.get("code_revision")),
        input_snapshot=_text(row.get("input_snapshot")),
        identity_snapshot=_text(row.get("identity_snapshot")),
        inputs=_inputs(row.get("inputs")),
    )


def _text(value: Any) -> str:
    return (
        ""
        if value is None or (isinstance(value, float) and value != value) or value is pd.NaT
        else str(value)
    )


def _names(value: Any) -> tuple[str, ...]:
    """Names that came as a list, as JSON or as text with commas."""
    if value is None or isinstance(value, float):
        return ()
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value.split(",")
        value = parsed if isinstance(parsed, list) else [parsed]
    return tuple(name for name in (str(item).strip() for item in value) if name)


def _instant(value: Any) -> datetime | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _inputs(value: Any) -> Mapping[str, Any]:
    try:
        parsed = json.loads(value) if isinstance(value, str) else {}
    except ValueError:
        return {"inputs": value}
    return parsed if isinstance(parsed, dict) else {"inputs": parsed}

"""The shape of a value of any metric (catalogue 0.9): what it may be split by, and which numbers it holds.

Warehouse, publication, gates and pages read it from here; `metric_value.sql` says the same in SQL, and a
test holds the two together. Not in here: what a column means (dbt's `_columns.md`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

DIMENSIONS = (
    "source",
    "stream",
    "area",
    "event_type",
    "region",
    "country",
    "locale",
    "product",
    "project",
    "role",
    "level",
    "tenure",
    "resource",
    "goal",
    "wave",
    "outcome",
    "attribute",
    "attribute_value",
    "category",
    "population",
)
"""What a value may be split by; null: not split by it."""

ADDITIVE = (
    "source",
    "area",
    "event_type",
    "region",
    "country",
    "locale",
    "product",
    "project",
    "level",
    "tenure",
    "attribute_value",
    "category",
)
"""The dimensions over which a metric may declare its cells to add up."""

KEYS = ("metric", "version", "period_start", "period_end", "grain")

INTEGER_MEASURES = ("persons", "rank_best", "rank_worst")
MEASURES = (
    "value",
    "ci_low",
    "ci_high",
    "value_with_probable",
    "rank_best",
    "rank_worst",
    "numerator",
    "denominator",
    "persons",
    "coverage",
    "unknown_affiliation_share",
)
"""Every number of a row that may be shown; `smallest_group` is beside them and never shown."""

BAND_ONLY = "band_only"
"""Flag of a number about staff where too few affiliations are known: read it from its low to its high end, in
which nobody, or everybody, of unknown affiliation is on staff."""

ENDS = (
    ("category", "low", "high"),
    ("category", "low_all", "high_all"),
    ("category", "staff_low", "staff_high"),
    ("category", "staff", "staff_high"),
    ("category", "volunteer_low", "volunteer_high"),
    ("category", "volunteer", "volunteer_high"),
    ("category", "regions", "regions_high"),
    ("category", "raw", "raw_high"),
    ("category", "shrunk", "shrunk_high"),
    ("population", "volunteer_strict", "community"),
)
"""Both ends of a number, by one dimension; in all others they are the same. A row without a category stands
between those of `low` and `high`."""

Slice = tuple[Hashable, ...]

LINEAGE = ("status", "flags", "parameters_hash", "input_snapshot", "identity_snapshot", "computed_at")

COLUMNS: dict[str, str] = {
    "metric": "varchar",
    "version": "integer",
    "period_start": "timestamp",
    "period_end": "timestamp",
    "grain": "varchar",
    **dict.fromkeys(DIMENSIONS, "varchar"),
    **{name: "bigint" if name in INTEGER_MEASURES else "double" for name in MEASURES},
    **dict.fromkeys(LINEAGE, "varchar"),
    "computed_at": "timestamp",
}
"""The columns of the published table, in their order -> DuckDB types. Instants are UTC without zone."""


def is_marked(flags: Any) -> bool:
    """Whether flags, as a row has them, say that its number is not to be read alone."""
    return isinstance(flags, str) and BAND_ONLY in flags.split(", ")


def slice_without(row: Mapping[str, Any], dimension: str) -> Slice:
    """What a row is about, one dimension left out: the same for both ends of a band."""
    others = (row.get(name) for name in DIMENSIONS if name != dimension)
    codes = (code if isinstance(code, str) else None for code in others)
    return (row["metric"], row["grain"], str(row["period_end"]), *codes)


def between_ends(rows: Sequence[Mapping[str, Any]]) -> list[bool]:
    """For each row whether it may not be read alone and stands between ends that are among the rows.

    A row that is suppressed has lost its mark: that of another row of the band is enough.
    """
    marked = {slice_without(row, "category") for row in rows if is_marked(row["flags"])}
    ends = {slice_without(row, "category") for row in rows if row["category"] == "low"} & marked
    return [not isinstance(row["category"], str) and slice_without(row, "category") in ends for row in rows]

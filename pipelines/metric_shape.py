"""The shape of a value of any metric (catalogue 0.9): what it may be split by, and which numbers it holds.

Warehouse, publication, gates and pages read it from here; `metric_value.sql` says the same in SQL, and a
test holds the two together. Not in here: what a column means (dbt's `_columns.md`).
"""

from __future__ import annotations

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

ADDITIVE = ("area", "event_type", "region", "country", "level", "tenure", "attribute_value", "category")
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

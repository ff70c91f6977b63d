"""What several publish gates ask in the same words.

In here: rules against personal data in texts, and against empty tables; which figures
count people. Not in here: what one table promises.
"""

from __future__ import annotations

from typing import Any

from expectations.gate import Expect, expect
from pipelines.disclosure import COUNTED

PERSONAL = r"[0-9a-f]{24,}|[^\s@]+@[^\s@]+\.[^\s@]+"
"""A pseudonym or another long hash, or an e-mail address."""

FIGURES = {
    name: f"case when {{0}}.kind = 'count' then {{0}}.{name} end"
    if name.startswith("value")
    else f"{{0}}.{name}"
    for name in COUNTED
}
"""The figures of a row of `cells` that count people or acts -> SQL with a place for the row's name."""


def impersonal(column: str) -> Expect:
    return expect(
        "ExpectColumnValuesToNotMatchPattern",
        column=column,
        regex=PERSONAL,
        notes="no pseudonym, hash or e-mail address in a text: readers see no person",
    )


def filled(column: str, notes: str, **where: Any) -> Expect:
    """`column` is there; in rows with the values of `where`, when given."""
    return expect("ExpectColumnValuesToNotBeNull", column=column, notes=notes, where=where)


def true(column: str, notes: str) -> Expect:
    return expect("ExpectColumnValuesToBeInSet", column=column, value_set=[True], notes=notes)


def rows_exist(notes: str) -> Expect:
    return expect("ExpectTableRowCountToBeBetween", min_value=1, notes=notes)


def unique(*columns: str, notes: str) -> Expect:
    if len(columns) == 1:
        return expect("ExpectColumnValuesToBeUnique", column=columns[0], notes=notes)
    return expect("ExpectCompoundColumnsToBeUnique", column_list=list(columns), notes=notes)


def at_most(smaller: str, larger: str, notes: str, **arguments: Any) -> Expect:
    """`smaller` <= `larger` wherever both are there."""
    return expect(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        column_A=larger,
        column_B=smaller,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        notes=notes,
        **arguments,
    )


def within(column: str, low: float | None, high: float | None, notes: str, **arguments: Any) -> Expect:
    """`low` <= values <= `high`; None is open."""
    rule = "ExpectColumnValuesToBeBetween"
    return expect(rule, column=column, min_value=low, max_value=high, notes=notes, **arguments)

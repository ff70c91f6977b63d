"""What several landing gates ask in the same words.

In here: rules that are true of any stream of any source. Not in here: what one system promises
(its own file), names and types of columns (the stream's `keep`).

A rule about single records that refuses has a tolerance (`mostly`): a refused batch is asked for
again and grows, so a few odd records hold it up for a while, not for ever. What only a record of
old or recorded data may lack is a warning.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from expectations.gate import Expect, Gate, Severity, expect
from pipelines.sources.spec import Source, Stream

FAR_FUTURE = date(2100, 1, 1)
"""Later than any plan: a year beyond it is a unit or a format misread. Planned dates do come."""

PSEUDONYM = r"^[0-9a-f]{32}$"
E_MAIL = r"[^\s@]+@[^\s@]+\.[^\s@]+"


def gate(source: Source, stream: Stream, *expectations: Expect) -> Gate:
    """The gate of a stream: it has records, each with a key of its own, and the rest as given."""
    named = ", ".join(stream.key)
    if len(stream.key) == 1:
        own_key = expect("ExpectColumnValuesToBeUnique", column=named, notes=f"one record for each {named}")
    else:
        own_key = expect(
            "ExpectCompoundColumnsToBeUnique",
            column_list=list(stream.key),
            notes=f"one record for each {named}",
        )
    return Gate(
        asset=(source.name, stream.name),
        expectations=(
            expect("ExpectTableRowCountToBeBetween", min_value=1, notes="a batch to be judged has records"),
            *(
                expect("ExpectColumnValuesToNotBeNull", column=column, notes=f"a record is known by {named}")
                for column in stream.key
            ),
            own_key,
            *expectations,
        ),
    )


def between_days(column: str, first: date, notes: str, **arguments: Any) -> Expect:
    """A day in `[first, FAR_FUTURE]`."""
    return expect(
        "ExpectColumnValuesToBeBetween",
        column=column,
        min_value=first,
        max_value=FAR_FUTURE,
        notes=notes,
        **arguments,
    )


def since_opening(source: Source, column: str, **arguments: Any) -> Expect:
    """An instant in `[the source's first day, FAR_FUTURE]`, for nine records of ten."""
    return expect(
        "ExpectColumnValuesToBeBetween",
        column=column,
        min_value=_midnight(source.opened_on),
        max_value=_midnight(FAR_FUTURE),
        mostly=0.9,
        notes=f"{source.title} opened on {source.opened_on}: earlier times, or far later ones, were misread",
        **arguments,
    )


def in_order(earlier: str, later: str, notes: str, **arguments: Any) -> Expect:
    """`earlier` <= `later` wherever both are there."""
    return expect(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        column_A=later,
        column_B=earlier,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        notes=notes,
        **arguments,
    )


def filled(column: str, mostly: float, notes: str, severity: Severity = "warning") -> Expect:
    """A field that the interface still sends, for a share of `mostly` of the records."""
    return expect(
        "ExpectColumnValuesToNotBeNull", column=column, mostly=mostly, severity=severity, notes=notes
    )


def known(column: str, values: set[str], notes: str) -> Expect:
    """A vocabulary as we know it: a new word is reported, not refused."""
    return expect(
        "ExpectColumnValuesToBeInSet",
        column=column,
        value_set=sorted(values),
        severity="warning",
        notes=notes,
    )


def not_negative(column: str, notes: str, **arguments: Any) -> Expect:
    return expect("ExpectColumnValuesToBeBetween", column=column, min_value=0, notes=notes, **arguments)


def pseudonyms(column: str) -> Expect:
    """No identifier in clear: one column a stream, because all pass the same code."""
    return expect(
        "ExpectColumnValuesToMatchPattern",
        column=column,
        regex=PSEUDONYM,
        notes="people are keyed hashes of 32 hex digits before the first write, never logins or numbers",
    )


def no_e_mail(column: str) -> Expect:
    return expect(
        "ExpectColumnValuesToNotMatchPattern",
        column=column,
        regex=E_MAIL,
        notes="no e-mail address inside a text: people in it are hashed first",
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)

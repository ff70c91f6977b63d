"""For any declared expectation, frames that break it: found from the rule alone, so that none is forgotten.

A rule of a kind that is not known here has no twin, and the test that asks for one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from expectations.gate import Expect, Failure, Gate, judge

Break = Callable[[pd.DataFrame, Expect], Iterator[pd.DataFrame]]


def judged_of(gate: Gate, twins: Iterable[pd.DataFrame], rule: Expect) -> list[tuple[str, ...]]:
    """Every twin's refusing rules, or its warnings when nothing refuses; ends when that is `rule` alone."""
    seen: list[tuple[str, ...]] = []
    for twin in twins:
        verdict = judge(gate, twin)
        seen.append(tuple(named(failure) for failure in verdict.failures or verdict.warnings))
        if seen[-1] == (named(rule),) and verdict.accepted == (rule.severity == "warning"):
            break
    return seen


def named(rule: Expect | Failure) -> str:
    notes = rule.notes if isinstance(rule, Expect) else rule.expected
    return f"{rule.severity} {rule.rule} of {', '.join(rule.columns)}: {notes}"


def twins(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    """Copies of a good frame that each break `rule`; several, because some break a neighbouring rule too."""
    yield from BREAKS[rule.rule](frame.reset_index(drop=True), rule)


def rows_of(frame: pd.DataFrame, rule: Expect) -> list[int]:
    """The rows to break: one that the rule is about, or all for a rule that forgives a share of them."""
    if rule.arguments.get("mostly", 1) < 1:
        return list(range(len(frame)))
    judged = frame[[column for column in rule.columns if column not in rule.where]].notna().all(axis=1)
    return [int(judged.idxmax())]


def with_values(frame: pd.DataFrame, column: str, value: Any, rule: Expect) -> pd.DataFrame:
    """`column` set to `value` in rows that the rule is about.

    A `%d` in a text becomes the number of the row, for columns that are unique.
    """
    rows = rows_of(frame, rule)
    twin = frame.copy()
    for name, condition in {**rule.where, column: value}.items():
        one = condition[0] if isinstance(condition, tuple) else condition
        if one is None:
            twin[name] = twin[name].mask(twin.index.isin(rows))
            continue
        values = list(twin[name])
        for row in rows:
            values[row] = one % row if isinstance(one, str) and "%d" in one else one
        dtype = object if isinstance(one, str) else twin[name].dtype
        twin[name] = pd.Series(values, index=twin.index, dtype=dtype)
    return twin


def _nulls(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    yield with_values(frame, rule.arguments["column"], None, rule)


def _repeats(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    twin = frame.copy()
    for column in rule.columns:
        values = list(twin[column])
        values[1] = values[0]
        twin[column] = pd.Series(values, index=twin.index, dtype=twin[column].dtype)
    yield twin


def _beyond(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    for bound, sign in (("min_value", -1), ("max_value", 1)):
        limit = rule.arguments.get(bound)
        if limit is not None:
            step = timedelta(days=400) if isinstance(limit, date | datetime) else 1
            yield with_values(frame, rule.arguments["column"], limit + sign * step, rule)


def _strangers(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    known = rule.arguments["value_set"][0]
    yield with_values(
        frame, rule.arguments["column"], not known if isinstance(known, bool) else "unheard of", rule
    )


def _forbidden(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    yield with_values(frame, rule.arguments["column"], rule.arguments["value_set"][0], rule)


def _misshapen(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    yield with_values(frame, rule.arguments["column"], "?? %d of no shape", rule)


def _telling(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    for value in ("ada@example.org", "for 0123456789abcdef0123456789abcdef", "person_id"):
        yield with_values(frame, rule.arguments["column"], value, rule)


def _reversed(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    larger, smaller = rule.arguments["column_A"], rule.arguments["column_B"]
    row = rows_of(frame, rule)[0]
    step = 1 if pd.api.types.is_numeric_dtype(frame[larger]) else timedelta(days=1)
    yield with_values(frame, larger, frame[smaller][row] - step, rule)
    yield with_values(frame, smaller, frame[larger][row] + step, rule)


def _unequal(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    one, other = rule.arguments["column_A"], rule.arguments["column_B"]
    yield with_values(frame, one, frame[other][rows_of(frame, rule)[0]] + 1, rule)


def _other_lengths(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    if rule.arguments.get("min_value"):
        yield frame.iloc[:0]
    if rule.arguments.get("max_value"):
        yield pd.concat([frame] * (rule.arguments["max_value"] + 1), ignore_index=True)


def _without_a_word(frame: pd.DataFrame, rule: Expect) -> Iterator[pd.DataFrame]:
    yield frame[frame[rule.arguments["column"]] != rule.arguments["value_set"][0]]


BREAKS: dict[str, Break] = {
    "ExpectColumnDistinctValuesToContainSet": _without_a_word,
    "ExpectColumnPairValuesAToBeGreaterThanB": _reversed,
    "ExpectColumnPairValuesToBeEqual": _unequal,
    "ExpectColumnValuesToBeBetween": _beyond,
    "ExpectColumnValuesToBeInSet": _strangers,
    "ExpectColumnValuesToBeUnique": _repeats,
    "ExpectColumnValuesToMatchPattern": _misshapen,
    "ExpectColumnValuesToNotBeInSet": _forbidden,
    "ExpectColumnValuesToNotBeNull": _nulls,
    "ExpectColumnValuesToNotMatchPattern": _telling,
    "ExpectCompoundColumnsToBeUnique": _repeats,
    "ExpectTableRowCountToBeBetween": _other_lengths,
}

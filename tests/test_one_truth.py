"""Each truth is said once: what dbt tests of a column of a table, no gate asserts of the same column again.

Who says what: `expectations/` what may cross a border, dbt what holds inside (keys, accepted values).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from expectations.gate import Gate, expect
from expectations.landing import LANDING
from expectations.publish import PUBLISH

MODELS = Path(__file__).resolve().parent.parent / "dbt"
GATES = (*LANDING.values(), *PUBLISH.values())


class Truth(NamedTuple):
    """`says`: not_null, unique, or the accepted values in order. A raw table is `source/stream`."""

    table: str
    columns: frozenset[str]
    says: str


def of_dbt(content: dict[str, Any]) -> Iterator[Truth]:
    """What one yml file of dbt asserts: tests of columns, of tables, and our own `well_formed`."""
    tables = [
        (node["name"], node) for kind in ("models", "seeds", "snapshots") for node in content.get(kind) or ()
    ]
    tables += [
        (f"{source['name']}/{table['name']}", table)
        for source in content.get("sources") or ()
        for table in source.get("tables") or ()
    ]
    for name, node in tables:
        for test, arguments in declared_of(node):
            yield from of_test(name, test, arguments, None)
        for column in node.get("columns") or ():
            for test, arguments in declared_of(column):
                yield from of_test(name, test, arguments, column["name"])


def declared_of(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for test in [*(node.get("data_tests") or ()), *(node.get("tests") or ())]:
        if isinstance(test, str):
            yield test, {}
        else:
            name, arguments = next(iter(test.items()))
            yield name.rsplit(".", 1)[-1], {**(arguments or {}), **((arguments or {}).get("arguments") or {})}


def of_test(table: str, test: str, arguments: dict[str, Any], column: str | None) -> Iterator[Truth]:
    if test == "well_formed":
        key = arguments.get("key") or []
        if key:
            yield Truth(table, frozenset(key), "unique")
        for name in key if arguments.get("not_null") is None else arguments["not_null"]:
            yield Truth(table, frozenset({name}), "not_null")
        for name, values in (arguments.get("one_of") or {}).items():
            yield Truth(table, frozenset({name}), accepted(values))
    elif test == "unique_combination_of_columns":
        yield Truth(table, frozenset(arguments["combination_of_columns"]), "unique")
    elif test in ("unique", "not_null"):
        yield Truth(table, frozenset({column or arguments["column_name"]}), test)
    elif test == "accepted_values":
        yield Truth(table, frozenset({column or arguments["column_name"]}), accepted(arguments["values"]))


def of_gate(gate: Gate) -> Iterator[Truth]:
    """What a gate asserts of all rows of a table as it stands; a share of rows is another truth."""
    table = "/".join(gate.asset)
    for rule in gate.expectations:
        if rule.where or rule.arguments.get("mostly", 1) < 1:
            continue
        columns = frozenset(rule.columns)
        if rule.rule == "ExpectColumnValuesToNotBeNull":
            yield Truth(table, columns, "not_null")
        elif rule.rule in ("ExpectColumnValuesToBeUnique", "ExpectCompoundColumnsToBeUnique"):
            yield Truth(table, columns, "unique")
        elif rule.rule == "ExpectColumnValuesToBeInSet":
            yield Truth(table, columns, accepted(rule.arguments["value_set"]))


def accepted(values: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, values)))


def dbt_truths() -> set[Truth]:
    files = [file for kind in ("models", "seeds", "snapshots") for file in (MODELS / kind).rglob("*.y*ml")]
    return {truth for file in files for truth in of_dbt(yaml.safe_load(file.read_text()) or {})}


def test_dbt_and_the_gates_never_say_the_same_of_a_column() -> None:
    said = dbt_truths()
    assert len(said) > 100, "the reader of dbt's yml files found next to nothing: is it still right?"
    assert said & {truth for gate in GATES for truth in of_gate(gate)} == set()


SAME = Gate(
    ("bugzilla", "bugs"),
    (
        expect("ExpectColumnValuesToNotBeNull", column="id", notes="x"),
        expect("ExpectCompoundColumnsToBeUnique", column_list=["id", "day"], notes="x"),
        expect("ExpectColumnValuesToBeInSet", column="type", value_set=["a", "b"], notes="x"),
    ),
)


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"columns": [{"name": "id", "data_tests": ["not_null"]}]}, 1),
        ({"columns": [{"name": "id", "tests": [{"not_null": {"severity": "warn"}}]}]}, 1),
        (
            {
                "columns": [
                    {"name": "type", "tests": [{"accepted_values": {"arguments": {"values": ["b", "a"]}}}]}
                ]
            },
            1,
        ),
        (
            {
                "data_tests": [
                    {"well_formed": {"arguments": {"key": ["day", "id"], "one_of": {"type": ["a", "b"]}}}}
                ]
            },
            3,
        ),
        (
            {
                "tests": [
                    {"dbt_utils.unique_combination_of_columns": {"combination_of_columns": ["id", "day"]}}
                ]
            },
            1,
        ),
        ({"columns": [{"name": "id", "data_tests": ["unique"]}]}, 0),
        ({"columns": [{"name": "other", "data_tests": ["not_null"]}]}, 0),
    ],
)
def test_a_truth_said_twice_is_seen_in_every_form_of_a_dbt_test(test: dict[str, Any], found: int) -> None:
    content = {"sources": [{"name": "bugzilla", "tables": [{"name": "bugs", **test}]}]}
    assert len(set(of_dbt(content)) & set(of_gate(SAME))) == found

"""The judge: what refuses, what is only reported, and what a sentence may say."""

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from expectations import gate as gates
from expectations.gate import Expect, Gate, expect, judge

NOT_NULL, BETWEEN = "ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToBeBetween"


def gate(*expectations: Expect) -> Gate:
    return Gate(("invented", "things"), expectations)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "size": [1, 2, 300],
            "name": ["ada", None, "bo"],
            "is_big": [False, False, True],
            "tags": [["x"], [], None],
        }
    )


def test_what_holds_is_accepted_without_a_word() -> None:
    verdict = judge(gate(expect(NOT_NULL, column="size", notes="all have a size")), frame())
    assert (verdict.accepted, verdict.sentences(), verdict.checked) == (True, (), 1)


def test_a_critical_failure_refuses_and_a_warning_is_reported() -> None:
    small = expect(BETWEEN, column="size", max_value=100, notes="things are small")
    named = expect(NOT_NULL, column="name", severity="warning", notes="things have names")
    verdict = judge(gate(named, small), frame())
    assert not verdict.accepted
    assert verdict.sentences() == (
        "`size`: expected: things are small; came: 1 of 3 otherwise",
        "`name`: expected: things have names; came: 1 of 3 otherwise",
    )
    assert judge(gate(named), frame()).accepted


def test_a_tolerated_share_is_told_in_the_sentence() -> None:
    mostly = expect(NOT_NULL, column="name", mostly=0.9, notes="nearly all have names")
    assert judge(gate(mostly), frame()).sentences() == (
        "`name`: expected: nearly all have names; came: 1 of 3 otherwise, where 10% may be",
    )
    few = expect(NOT_NULL, column="name", mostly=0.5, notes="many have names")
    assert judge(gate(few), frame()).accepted


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_an_expectation_that_cannot_be_judged_refuses(severity: str) -> None:
    impossible = expect(BETWEEN, column="name", min_value=3, severity=severity, notes="names are numbers")
    verdict = judge(gate(impossible), frame())
    assert not verdict.accepted
    assert verdict.sentences() == (
        "`name`: expected: names are numbers; came: it could not be judged (`name` is object)",
    )


def test_a_missing_column_refuses_and_the_others_are_judged_all_the_same() -> None:
    gone = expect(NOT_NULL, column="colour", severity="warning", notes="things have colours")
    small = expect(BETWEEN, column="size", max_value=100, notes="things are small")
    verdict = judge(gate(gone, small), frame())
    assert [failure.came for failure in verdict.failures] == ["no such column: colour", "1 of 3 otherwise"]


def test_one_rule_that_raises_does_not_hide_the_others() -> None:
    impossible = expect(BETWEEN, column="name", min_value=3, notes="names are numbers")
    named = expect(NOT_NULL, column="name", notes="things have names")
    fine = expect(NOT_NULL, column="size", notes="all have a size")
    assert [failure.rule for failure in judge(gate(impossible, fine, named), frame()).failures] == [
        BETWEEN,
        NOT_NULL,
    ]


def test_a_sentence_never_repeats_a_value() -> None:
    rules = [
        expect("ExpectColumnValuesToBeInSet", column="name", value_set=["cy"], notes="of the known"),
        expect("ExpectColumnValuesToMatchPattern", column="name", regex="^z", notes="from the end"),
        expect(
            "ExpectColumnDistinctValuesToContainSet", column="name", value_set=["cy"], notes="cy is there"
        ),
        expect("ExpectColumnValuesToBeUnique", column="is_big", notes="one of each"),
        expect(BETWEEN, column="name", min_value=3, notes="numbers"),
    ]
    said = " ".join(judge(gate(*rules), frame()).sentences())
    assert said.count("expected:") == len(rules)
    assert "ada" not in said
    assert "bo" not in said.replace("bool", "")


def test_a_rule_may_be_for_some_rows_only() -> None:
    some = expect(NOT_NULL, column="name", where={"is_big": True}, notes="big things have names")
    assert judge(gate(some), frame()).accepted
    nameless = frame().assign(name=None)
    assert judge(gate(some), nameless).sentences() == (
        "`name`, `is_big`: expected: big things have names; came: 1 of 1 otherwise",
    )
    either = expect(NOT_NULL, column="name", where={"size": (1, 2)}, notes="small things have names")
    assert [failure.came for failure in judge(gate(either), frame()).failures] == ["1 of 2 otherwise"]


def test_an_empty_frame_is_judged_like_any_other() -> None:
    rows = expect("ExpectTableRowCountToBeBetween", min_value=1, notes="there are rows")
    verdict = judge(gate(rows, expect(NOT_NULL, column="name", notes="names")), frame().iloc[:0])
    assert verdict.sentences() == ("the table: expected: there are rows; came: 0",)


def test_the_rows_given_are_left_as_they_were() -> None:
    given = frame()
    judge(gate(expect(NOT_NULL, column="name", where={"is_big": True}, notes="names")), given)
    pd.testing.assert_frame_equal(given, frame())


def test_a_gate_judges_each_frame_by_itself() -> None:
    small = gate(expect(BETWEEN, column="size", max_value=100, notes="things are small"))
    verdicts = [judge(small, frame().assign(size=size)) for size in (1, 1000, "?", 1)]
    assert [verdict.accepted for verdict in verdicts] == [True, False, False, True]


def test_what_holds_is_judged_without_working_out_again_how(monkeypatch: pytest.MonkeyPatch) -> None:
    small = gate(expect(BETWEEN, column="size", max_value=100, notes="things are small"))
    judge(small, frame().iloc[:0])
    monkeypatch.setattr(gates, "_results", None)
    monkeypatch.setattr(gates, "_Plan", None)
    assert judge(small, frame().iloc[:2]).accepted


def test_a_rule_that_fails_over_its_own_counts_refuses() -> None:
    size = frame().assign(size=[None, None, None])
    torn = expect("ExpectColumnMaxToBeBetween", column="size", min_value=1, notes="one is large")
    assert not judge(gate(torn), size).accepted


def test_no_row_is_held_after_the_verdict() -> None:
    class Thing:
        pass

    given = pd.DataFrame({"name": [Thing(), Thing()]})
    first = weakref.ref(given["name"][0])
    judge(gate(expect(NOT_NULL, column="name", notes="things have names")), given)
    del given
    gc.collect()
    assert first() is None


def test_judging_from_several_threads_keeps_verdicts_apart() -> None:
    small = gate(expect(BETWEEN, column="size", max_value=100, notes="things are small"))
    frames = [frame().assign(size=size) for size in (1, 1000) * 6]
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda one: judge(small, one), frames))
    assert [verdict.accepted for verdict in verdicts] == [True, False] * 6


def test_judging_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    judge(gate(expect(BETWEEN, column="name", min_value=3, notes="numbers")), frame())
    assert capfd.readouterr() == ("", "")


def test_declaring_gates_does_not_load_the_machinery() -> None:
    code = (
        "import sys, expectations.landing, expectations.publish; print('great_expectations' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

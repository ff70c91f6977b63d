"""Gates and the judge: may this frame cross the border, and if not, why in plain sentences.

In here: the vocabulary (`expect`, `Gate`, `Verdict`) and `judge`, the only caller of Great
Expectations' machinery. Not in here: what must hold (`landing/`, `publish/`), what happens to a
refused frame (`pipelines/landing.py`, `pipelines/publish.py`).

Great Expectations takes seconds to import, so nothing here imports it before the first verdict.
"""

from __future__ import annotations

import gc
import operator
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from typing import Any, Literal

import pandas as pd

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Expect:
    """One rule: the name of a class of Great Expectations or of `patterns.py`, its arguments, the sentence
    a person reads.

    severity: "critical" refuses the frame, "warning" is only reported.
    where: the rule is for rows whose columns have the value, or one of a tuple: `{"status": "complete"}`.
    """

    rule: str
    notes: str
    arguments: Mapping[str, Any]
    severity: Severity = "critical"
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns this rule looks at; none for a rule about the whole table."""
        single = [
            self.arguments[name] for name in ("column", "column_A", "column_B") if name in self.arguments
        ]
        return tuple(dict.fromkeys([*single, *self.arguments.get("column_list", ()), *self.where]))

    @property
    def is_of_table(self) -> bool:
        """Whether the rule is about which columns there are, so that it must see them all."""
        return self.rule.startswith("ExpectTableColumn")


def expect(
    rule: str,
    *,
    notes: str,
    severity: Severity = "critical",
    where: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> Expect:
    """Declare a rule; `arguments` are those of the class so named in `great_expectations.expectations`."""
    return Expect(rule, notes, arguments, severity, where or {})


@dataclass(frozen=True)
class Gate:
    """What must hold of one asset, e.g. `("bugzilla", "bugs")`, before it crosses the border."""

    asset: tuple[str, ...]
    expectations: tuple[Expect, ...]

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that a rule names: all that `judge` needs to see, beside the number of rows."""
        return frozenset(column for rule in self.expectations for column in rule.columns)

    @cached_property
    def declared(self) -> tuple[Any, ...]:
        """The rules as the machinery's own objects, made once: making them costs as much as judging."""
        return tuple(_declared(place, rule) for place, rule in enumerate(self.expectations))

    @cached_property
    def plan(self) -> _Plan:
        """What the machinery has to find out for these rules, made once: the same for every frame."""
        return _Plan(self.declared)


@dataclass(frozen=True)
class Failure:
    """A rule that did not hold: where, what was expected, what came. Counts, never values."""

    rule: str
    columns: tuple[str, ...]
    expected: str
    came: str
    severity: Severity

    def sentence(self) -> str:
        where = ", ".join(f"`{column}`" for column in self.columns) or "the table"
        return f"{where}: expected: {self.expected}; came: {self.came}"


@dataclass(frozen=True)
class Verdict:
    """accepted: no critical rule failed, every rule could be judged. checked: how many rules there were."""

    accepted: bool
    failures: tuple[Failure, ...]
    warnings: tuple[Failure, ...]
    checked: int

    def sentences(self) -> tuple[str, ...]:
        """What a person should read: what refused first, then the warnings."""
        return tuple(failure.sentence() for failure in (*self.failures, *self.warnings))


def judge(gate: Gate, frame: pd.DataFrame) -> Verdict:
    """Hold `frame` against `gate`. A rule that cannot be judged refuses, whatever its severity.

    Only the columns that the rules name are handed on. One judgement at a time: the machinery
    keeps state, and several threads land at once.
    """
    found = {
        place: _unjudged(rule, f"no such column: {', '.join(missing)}")
        for place, rule in enumerate(gate.expectations)
        if (missing := [column for column in rule.columns if column not in frame.columns])
    }
    judged = {place: rule for place, rule in enumerate(gate.expectations) if place not in found}
    if judged:
        with _one_at_a_time:
            found |= _validate(gate, judged, frame)
    failures = [found[place] for place in sorted(found)]
    refusing = tuple(failure for failure in failures if failure.severity == "critical")
    return Verdict(
        accepted=not refusing,
        failures=refusing,
        warnings=tuple(failure for failure in failures if failure.severity == "warning"),
        checked=len(gate.expectations),
    )


_one_at_a_time = threading.Lock()


@cache
def _load() -> None:
    """Import the machinery, for good: the garbage collector need not walk its 270,000 objects again.

    While rows are landed it would do so for nothing, at a tenth of what landing takes.
    """
    import expectations.patterns  # noqa: F401

    gc.freeze()


@cache
def _batches() -> Any:
    """The machinery, made once a process: ephemeral, no progress bars, no analytics."""
    _load()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


class _Plan:
    """The metrics that the machinery computes for some rules, and which of them each rule reads.

    Working that out takes it longer than judging ten thousand rows; here it does so once a process.
    """

    def __init__(self, rules: tuple[Any, ...]) -> None:
        _load()
        from great_expectations.execution_engine import PandasExecutionEngine
        from great_expectations.validator.validation_graph import ValidationGraph

        asked = _asked("BOOLEAN_ONLY")
        self._rules = rules
        self._engine = PandasExecutionEngine()
        self._metrics = ValidationGraph(execution_engine=self._engine)
        self._needs = [rule.get_validation_dependencies(self._engine, asked) for rule in rules]
        for needs in self._needs:
            for metric in needs.get_metric_configurations():
                self._metrics.build_metric_dependency_graph(metric, asked)

    def holding(self, frame: pd.DataFrame) -> set[int]:
        """The places of the rules that hold; what the machinery cannot tell is not among them."""
        self._engine.load_batch_data("frame", frame)
        try:
            found, _ = self._metrics.resolve(_asked("BOOLEAN_ONLY"), show_progress_bars=False)
            return {place for place in range(len(self._rules)) if self._holds(place, found)}
        finally:
            self._engine.load_batch_data("frame", pd.DataFrame())  # no rows are held after the verdict

    def _holds(self, place: int, found: Mapping[Any, Any]) -> bool:
        """Whether the rule says so itself; not when a metric is missing or the rule cannot read it."""
        needs = self._needs[place]
        try:
            metrics = {name: found[metric.id] for name, metric in needs.metric_configurations.items()}
            told = {"result_format": needs.result_format}
            return bool(self._rules[place]._validate(metrics, told, self._engine)["success"])
        except Exception:  # it is asked again, and the machinery says what came of it
            return False


def _validate(gate: Gate, rules: Mapping[int, Expect], frame: pd.DataFrame) -> dict[int, Failure]:
    """The failures of `rules` by their place in the gate. Every column they name is in `frame`.

    First the gate's plan tells which rules hold; the others are asked again, and what came is counted.
    """
    holding = gate.plan.holding(_shown(rules, frame)) if len(rules) == len(gate.expectations) else set()
    open_rules = {place: rule for place, rule in rules.items() if place not in holding}
    found = {place: _unjudged(rule, "it could not be judged") for place, rule in open_rules.items()}
    for place, result in _results(gate, open_rules, frame) if open_rules else ():
        rule = rules[place]
        if result.success:
            del found[place]
        elif result.exception_info.get("raised_exception", True):  # without it: one entry a part that raised
            types = ", ".join(f"`{column}` is {frame[column].dtype}" for column in rule.columns)
            found[place] = _unjudged(rule, f"it could not be judged ({types})")
        else:
            found[place] = Failure(
                rule.rule, rule.columns, rule.notes, _came(rule, result.result), rule.severity
            )
    return found


def _results(gate: Gate, rules: Mapping[int, Expect], frame: pd.DataFrame) -> Iterator[tuple[int, Any]]:
    """The machinery's own results, with counts, and the rules' places."""
    batches = _batches()
    import great_expectations as gx

    suite = gx.ExpectationSuite("gate", expectations=[gate.declared[place] for place in rules])
    batch = batches.get_batch({"dataframe": _shown(rules, frame)})
    for result in batch.validate(suite, **_asked("BASIC")).results:
        yield result.expectation_config.meta["place"], result


def _shown(rules: Mapping[int, Expect], frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that these rules name; all of them when a rule is about which there are."""
    if any(rule.is_of_table for rule in rules.values()):
        return frame
    return frame[list(dict.fromkeys(column for rule in rules.values() for column in rule.columns))]


def _asked(detail: Literal["BOOLEAN_ONLY", "BASIC"]) -> dict[str, Any]:
    """How much the machinery is to tell: whether a rule holds, or with counts; never a value."""
    return {"result_format": {"result_format": detail, "partial_unexpected_count": 0}}


def _declared(place: int, rule: Expect) -> Any:
    """The rule as the machinery's own object, with its place in the gate: results come in another order."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    from expectations import patterns

    conditions = [
        Column(name).is_in(value) if isinstance(value, tuple) else Column(name) == value
        for name, value in rule.where.items()
    ]
    condition = {"row_condition": reduce(operator.and_, conditions)} if conditions else {}
    kind = getattr(patterns if hasattr(patterns, rule.rule) else gxe, rule.rule)
    return kind(**rule.arguments, **condition, severity=rule.severity, meta={"place": place})


def _unjudged(rule: Expect, why: str) -> Failure:
    return Failure(rule.rule, rule.columns, rule.notes, why, "critical")


def _came(rule: Expect, result: Mapping[str, Any]) -> str:
    """What came, in counts and names of columns; never a value of a column."""
    if "unexpected_count" in result:
        judged = result["element_count"] - result.get("missing_count", 0)
        allowed = rule.arguments.get("mostly", 1)
        beyond = f", where {1 - allowed:.0%} may be" if allowed < 1 else ""
        return f"{result['unexpected_count']:,} of {judged:,} otherwise{beyond}"
    mismatched = result.get("details", {}).get("mismatched")
    if isinstance(mismatched, dict):
        return "; ".join(f"{how}: {', '.join(map(str, names))}" for how, names in sorted(mismatched.items()))
    observed = result.get("observed_value")
    return f"{observed:,}" if isinstance(observed, int | float) else "something else"

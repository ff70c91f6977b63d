"""Two rules of Great Expectations, on patterns, asked of a whole column at once.

Its own ask value by value, which was some 7 % of what landing took; these ask Arrow. Patterns are RE2's: no
looking ahead or back, `\\s` is of ASCII alone, and `$` is the end of the text, not also before its last line
break.

Imported by `gate.py` when the machinery is, and by nothing else. Not in here: which columns have a pattern.
"""

from __future__ import annotations

from typing import Any, ClassVar

import great_expectations.expectations as gxe
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)


def matches(column: pd.Series, pattern: str) -> pd.Series:
    """For each value whether the pattern is found in it; what is no text is read as Python writes it."""
    found = pc.match_substring_regex(pa.array(column.astype(str), pa.string()), pattern)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=column.index)


class ColumnValuesMatchPattern(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_pattern"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(self, column: pd.Series, regex: str, **_told: Any) -> pd.Series:
        return matches(column, regex)


class ColumnValuesNotMatchPattern(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_pattern"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(self, column: pd.Series, regex: str, **_told: Any) -> pd.Series:
        return ~matches(column, regex)


class ExpectColumnValuesToMatchPattern(gxe.ExpectColumnValuesToMatchRegex):
    map_metric: ClassVar[str] = ColumnValuesMatchPattern.condition_metric_name


class ExpectColumnValuesToNotMatchPattern(gxe.ExpectColumnValuesToNotMatchRegex):
    map_metric: ClassVar[str] = ColumnValuesNotMatchPattern.condition_metric_name

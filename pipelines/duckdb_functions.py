"""The project's own functions inside DuckDB, as a dbt-duckdb plugin: Wilson is Wilson everywhere.

    wilson_low(x, n), wilson_high(x, n)   limits of a share; null for no trials
    km_median(durations, observed)        struct(median, low, high) of a Kaplan-Meier curve
    pseudonym(source, kind, value)        the hash under which the lake knows an identifier

In here: turning Arrow columns into numpy and back. Not in here: formulas (`statistics.py`) and how
identifiers are hashed (`privacy.py`). The key of the pseudonyms is asked for when the first one is made,
so that parsing and linting need none.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import ARROW, SPECIAL

from pipelines import statistics

MEDIAN = pa.struct([("median", pa.float64()), ("low", pa.float64()), ("high", pa.float64())])


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection and to all its cursors."""
    share = ["DOUBLE", "DOUBLE"]
    _create(connection, "wilson_low", _wilson_low, share, "DOUBLE")
    _create(connection, "wilson_high", _wilson_high, share, "DOUBLE")
    _create(
        connection,
        "km_median",
        _km_median,
        ["DOUBLE[]", "BOOLEAN[]"],
        "STRUCT(median DOUBLE, low DOUBLE, high DOUBLE)",
    )
    _create(connection, "pseudonym", _pseudonym, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR")


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, function: Any, takes: list[str], gives: str
) -> None:
    parameters: list[Any] = [duckdb.sqltype(type_name) for type_name in takes]
    connection.create_function(
        name,
        function,
        parameters,
        duckdb.sqltype(gives),
        type=ARROW,
        null_handling=SPECIAL,
    )


def _wilson_low(x: pa.ChunkedArray, n: pa.ChunkedArray) -> pa.Array:
    return _limits(x, n, 0)


def _wilson_high(x: pa.ChunkedArray, n: pa.ChunkedArray) -> pa.Array:
    return _limits(x, n, 1)


def _limits(x: pa.ChunkedArray, n: pa.ChunkedArray, which: int) -> pa.Array:
    """Null, like NaN, goes through the formula: a share without both numbers has no limits."""
    return pa.array(statistics.wilson(_numbers(x), _numbers(n))[which], from_pandas=True)


def _numbers(column: pa.ChunkedArray) -> statistics.Floats:
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _km_median(durations: pa.ChunkedArray, observed: pa.ChunkedArray) -> pa.Array:
    """One curve a row, from two lists of the same length; an empty or missing list has no median."""
    found = []
    for times, events in zip(durations, observed, strict=True):
        if times.is_valid and events.is_valid:
            estimate = statistics.kaplan_meier_median(times.values.to_numpy(), np.asarray(events.values))
        else:
            estimate = statistics.Estimate(None, None, None)
        found.append({"median": estimate.value, "low": estimate.low, "high": estimate.high})
    return pa.array(found, type=MEDIAN)


def _pseudonym(source: pa.ChunkedArray, kind: pa.ChunkedArray, value: pa.ChunkedArray) -> pa.Array:
    from pipelines.privacy import pseudonym
    from pipelines.settings import hash_key

    key = hash_key()
    rows = zip(source.to_pylist(), kind.to_pylist(), value.to_pylist(), strict=True)
    return pa.array([pseudonym(key, *row) for row in rows], type=pa.string())


class Plugin(BasePlugin):
    """What `profiles.yml` names: dbt-duckdb calls it once for each database it opens."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        register(conn)

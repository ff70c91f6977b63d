"""The project's own functions inside DuckDB, as a dbt-duckdb plugin: Wilson is Wilson everywhere.

    wilson_low(x, n), wilson_high(x, n)   limits of a share; null for no trials
    newcombe(x1, n1, x2, n2)              struct(value, low, high): difference of two shares
    katz(x1, n1, x2, n2)                  struct(value, low, high, corrected): ratio of two shares
    two_proportion_p(x1, n1, x2, n2)      p of the pooled z test
    weighted_share(sizes[], x[], n[])     struct(value, low, high, n_eff): a share over strata
    share_bounds(x, known, total)         struct(low, high): a share of which a part is not known
    shrunk_rates(x[], n[])                list of struct(value, low, high, flag), in the order given
    rank_intervals(low[], high[])         list of struct(best, worst), in the order given
    benjamini_hochberg(p[])               list of booleans: evident at a false discovery rate of 5 %
    median_limits(values[])               struct(median, low, high), distribution-free
    km_median(durations[], observed[])    struct(median, low, high) of a Kaplan-Meier curve
    km_at(durations[], observed[], time)  struct(value, low, high): the curve at a time
    log_rank_p(d1[], o1[], d2[], o2[])    p that two survival curves are the same
    pseudonym(source, kind, value)        the hash under which the lake knows an identifier
    identity_clusters(links[], apart[])   list of struct(account_key, cluster), by account
    functions_version()                   a hash that changes when one of these may answer otherwise

In here: turning Arrow columns into numpy and back. Not in here: formulas (`statistics.py`), clustering
(`clusters.py`) and how identifiers are hashed (`privacy.py`). The key of the pseudonyms is asked for when
the first one is made, so that parsing and linting need none.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import ARROW, SPECIAL

from pipelines import clusters, statistics

FLOATS, FLAGS = "DOUBLE[]", "BOOLEAN[]"
MEDIAN = "STRUCT(median DOUBLE, low DOUBLE, high DOUBLE)"
ESTIMATE = "STRUCT(value DOUBLE, low DOUBLE, high DOUBLE)"
RATIO = "STRUCT(value DOUBLE, low DOUBLE, high DOUBLE, corrected BOOLEAN)"
WEIGHTED = "STRUCT(value DOUBLE, low DOUBLE, high DOUBLE, n_eff DOUBLE)"
BOUNDS = "STRUCT(low DOUBLE, high DOUBLE)"
SHRUNK = "STRUCT(value DOUBLE, low DOUBLE, high DOUBLE, flag VARCHAR)[]"
RANKS = "STRUCT(best BIGINT, worst BIGINT)[]"
LINKS = "STRUCT(one VARCHAR, other VARCHAR, strength DOUBLE)[]"
PAIRS = "STRUCT(one VARCHAR, other VARCHAR)[]"
CLUSTERS = "STRUCT(account_key VARCHAR, cluster VARCHAR)[]"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection and to all its cursors."""
    share = ["DOUBLE", "DOUBLE"]
    _create(connection, "wilson_low", _wilson_low, share, "DOUBLE")
    _create(connection, "wilson_high", _wilson_high, share, "DOUBLE")
    four = ["DOUBLE"] * 4
    for name, function, takes, gives in (
        ("newcombe", statistics.newcombe, four, ESTIMATE),
        ("katz", statistics.katz, four, RATIO),
        ("two_proportion_p", statistics.two_proportion_p, four, "DOUBLE"),
        ("weighted_share", statistics.weighted_share, [FLOATS] * 3, WEIGHTED),
        ("share_bounds", statistics.share_bounds, ["DOUBLE"] * 3, BOUNDS),
        ("shrunk_rates", statistics.shrunk_rates, [FLOATS, FLOATS], SHRUNK),
        ("rank_intervals", statistics.rank_intervals, [FLOATS, FLOATS], RANKS),
        ("benjamini_hochberg", statistics.benjamini_hochberg, [FLOATS], FLAGS),
        ("median_limits", statistics.median_interval, [FLOATS], MEDIAN),
        ("log_rank_p", statistics.log_rank_p, [FLOATS, FLAGS, FLOATS, FLAGS], "DOUBLE"),
    ):
        _create(connection, name, _row_by_row(function, len(takes), gives), takes, gives)
    _create(connection, "km_median", _km_median, [FLOATS, FLAGS], MEDIAN)
    _create(connection, "km_at", _km_at, [FLOATS, FLAGS, "DOUBLE"], ESTIMATE)
    _create(connection, "pseudonym", _pseudonym, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR")
    _create(connection, "identity_clusters", _identity_clusters, [LINKS, PAIRS], CLUSTERS)
    connection.create_function("functions_version", functions_version, [], "VARCHAR")


@cache
def functions_version() -> str:
    """A hash of the code of these functions and of the pseudonyms' key, in hex."""
    from pipelines import privacy, settings

    digest = hashlib.md5(usedforsecurity=False)
    for module in (sys.modules[__name__], clusters, privacy, statistics):
        digest.update(Path(str(module.__file__)).read_bytes())
    digest.update(str(privacy.pseudonym(settings.hash_key(), "", "", "version")).encode())
    return digest.hexdigest()


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


def _km_median(durations: pa.ChunkedArray, observed: pa.ChunkedArray) -> pa.Array:
    return _structs(MEDIAN, _curves(durations, observed).medians())


def _km_at(durations: pa.ChunkedArray, observed: pa.ChunkedArray, times: pa.ChunkedArray) -> pa.Array:
    return _structs(ESTIMATE, _curves(durations, observed).at(_numbers(times)))


def _curves(durations: pa.ChunkedArray, observed: pa.ChunkedArray) -> statistics.SurvivalCurves:
    """One curve a row, all rows at once. Null in place of either list is an empty sample."""
    is_whole = pc.and_(durations.is_valid(), observed.is_valid())
    durations, observed = (
        pc.if_else(is_whole, one, pa.scalar([], one.type)) for one in (durations, observed)
    )
    sizes = pc.list_value_length(durations)
    if sizes != pc.list_value_length(observed):
        raise ValueError("durations and observed must have the same length")
    return statistics.kaplan_meier(
        pc.list_flatten(durations).to_numpy(), pc.list_flatten(observed).to_numpy(), sizes.to_numpy()
    )


def _structs(gives: str, parts: Iterable[statistics.Floats]) -> pa.Array:
    """A struct a row of these columns; NaN is null."""
    columns = [pa.array(one, pa.float64(), from_pandas=True) for one in parts]
    return pa.StructArray.from_arrays(columns, fields=list(_arrow_type(gives)))


def _numbers(column: pa.ChunkedArray) -> statistics.Floats:
    return np.asarray(column.to_numpy(), dtype=np.float64)


@cache
def _row_by_row(function: Callable[..., Any], arguments: int, gives: str) -> Callable[..., pa.Array]:
    """One call a row; where an argument is null, so is the answer (a struct holds nulls then).

    Lists arrive as numpy arrays, tuples become structs. Cached, because DuckDB keeps no reference to a
    function that it was given.
    """
    result = _arrow_type(gives)
    nothing = {name.name: None for name in result} if pa.types.is_struct(result) else None

    def by_row(*columns: pa.ChunkedArray) -> pa.Array:
        found = []
        for row in zip(*columns, strict=True):
            is_whole = all(one.is_valid for one in row)
            found.append(_as(function(*map(_plain, row)), result) if is_whole else nothing)
        return pa.array(found, type=result)

    named = [inspect.Parameter(f"argument{n}", inspect.Parameter.POSITIONAL_ONLY) for n in range(arguments)]
    by_row.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]  # DuckDB counts them
    return by_row


def _plain(scalar: pa.Scalar) -> Any:
    return (
        scalar.values.to_numpy(zero_copy_only=False) if isinstance(scalar, pa.ListScalar) else scalar.as_py()
    )


def _as(value: Any, result: pa.DataType) -> Any:
    """A tuple as the struct of its place; NaN, like None, is null."""
    if isinstance(value, float) and value != value:
        return None
    if pa.types.is_list(result):
        return [_as(one, result.value_type) for one in value]
    if pa.types.is_struct(result):
        return {part.name: _as(one, part.type) for part, one in zip(result, value, strict=True)}
    return value


@cache
def _arrow_type(gives: str) -> pa.DataType:
    with duckdb.connect() as connection:
        return connection.execute(f"select null::{gives} as one").to_arrow_table().schema.field("one").type


def _pseudonym(source: pa.ChunkedArray, kind: pa.ChunkedArray, value: pa.ChunkedArray) -> pa.Array:
    from pipelines.privacy import pseudonym
    from pipelines.settings import hash_key

    key = hash_key()
    rows = zip(source.to_pylist(), kind.to_pylist(), value.to_pylist(), strict=True)
    return pa.array([pseudonym(key, *row) for row in rows], type=pa.string())


def _identity_clusters(links: pa.ChunkedArray, apart: pa.ChunkedArray) -> pa.Array:
    """No links, like no pairs to keep apart, is an empty list or null."""
    rows = zip(links.to_pylist(), apart.to_pylist(), strict=True)
    return pa.array([clusters.table_of(*row) for row in rows], type=_arrow_type(CLUSTERS))


class Plugin(BasePlugin):
    """What `profiles.yml` names: dbt-duckdb calls it once for each database it opens."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Put the data folder before the path: in the profile, it would have dbt read all anew for each."""
        from pipelines.settings import data_dir

        creds.path = str(data_dir() / creds.path)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        register(conn)

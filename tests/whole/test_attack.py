"""What a reader can work out of the published files, with nothing but them and some arithmetic.

Each attack gives groups of persons that no row shows; none of them may be of 1 to k - 1. Not in here: which
cells are hidden and why (`tests/test_disclosure.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.disclosure import AUDIENCES
from pipelines.metric_shape import DIMENSIONS, KEYS
from pipelines.publish import current_version
from tests.whole.conftest import Twice

SLICE = [*KEYS, *DIMENSIONS]
INTERNAL = AUDIENCES[0]


@pytest.fixture(scope="module")
def shown(demo: Twice) -> pd.DataFrame:
    """The rows that staff see with their numbers: exact ones, so that sums and differences are exact."""
    version = current_version(demo.data / "published")
    assert version is not None
    with duckdb.connect(str(version / f"{INTERNAL.name}.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select * from metric_value where status in ('complete', 'provisional') and persons is not null"
        ).df()
    rows[SLICE] = rows[SLICE].astype(object).where(rows[SLICE].notna(), "")
    return rows


def small(groups: pd.Series) -> pd.Series:
    """Those of 1 to k - 1 whole persons; a difference below zero is of no group."""
    whole = groups[np.isclose(groups, groups.round(), atol=1e-6)].round()
    return whole[(whole >= 1) & (whole < INTERNAL.k)]


def test_one_population_less_another_is_no_small_group(shown: pd.DataFrame) -> None:
    same = [name for name in SLICE if name != "population"]
    by = {name: rows.set_index(same)["persons"] for name, rows in shown.groupby("population") if name}
    for whole, part in (("all", "community"), ("all", "staff"), ("community", "volunteer_strict")):
        difference = (by[whole] - by[part]).dropna() if part in by else pd.Series(dtype=float)
        assert len(difference) or part == "volunteer_strict"
        assert small(difference).empty, f"{whole} less {part}: {small(difference).head()}"


def test_who_has_no_region_is_no_small_group(shown: pd.DataFrame) -> None:
    coverage = shown[shown["metric"] == "region_coverage"]
    assert len(coverage)
    assert small(coverage["denominator"] - coverage["numerator"]).empty
    everybody = shown[(shown["metric"] == "active_contributors") & (shown["level"] == "")]
    here = ["period_start", "period_end", "area", "population"]
    regional = shown[(shown["metric"] == "active_contributors_by_region") & shown["coverage"].notna()]
    both = regional.merge(everybody[[*here, "persons"]], on=here, suffixes=("", "_of_all"))
    assert len(both)
    assert small((1 - both["coverage"]) * both["persons_of_all"]).empty


def test_who_is_of_unknown_affiliation_is_no_small_group(shown: pd.DataFrame) -> None:
    told = shown[shown["unknown_affiliation_share"].notna()]
    assert len(told)
    assert small(told["persons"] * told["unknown_affiliation_share"]).empty


def lines(demo: Twice, shown: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    """Of each metric of persons and dimension it adds up over: margin less shown cells, by line."""
    with duckdb.connect(str(demo.data / "warehouse.duckdb"), read_only=True) as connection:
        declared = connection.execute(
            "select metric, additive_over from metrics.metric where unit = 'persons' and additive_over <> ''"
        ).fetchall()
    for metric, over in declared:
        rows = shown[shown["metric"] == metric]
        for dimension in over.split(", "):
            same = [name for name in SLICE if name != dimension]
            margins = rows[rows[dimension] == ""].set_index(same)["persons"]
            cells = rows[rows[dimension] != ""].groupby(same)["persons"].sum()
            yield metric, dimension, (margins - cells.reindex(margins.index)).dropna()


def test_a_margin_less_its_shown_cells_is_no_small_group(demo: Twice, shown: pd.DataFrame) -> None:
    tried = 0
    for metric, dimension, rest in lines(demo, shown):
        tried += len(rest)
        assert small(rest).empty, f"{metric} over {dimension}: {small(rest).head()}"
    assert tried

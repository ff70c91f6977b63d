"""The numbers of the finished recorded run, against `recompute` and `recount`: the catalogue in pandas.

They begin from the recorded world's native records, as the interfaces serve them. That these are what the
files hold is tested in `test_recorded.py` and `tests/simulation`. Numbers agree to 1e-9.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from pipelines.simulation.recorded import read_world
from tests.whole import links, recount
from tests.whole.compare import banded, beside, comparable, differences, of, slices, told, unequal, values
from tests.whole.conftest import Once
from tests.whole.recompute import BANDED, Community, recompute
from tests.whole.runs import RECORDED
from tests.whole.test_numbers import METRICS, SIDES

pytestmark = pytest.mark.whole


@dataclass(frozen=True)
class Numbers:
    """facts: what is recounted from. ours: recomputed; stored: the warehouse's. One row a value each."""

    facts: recount.Recount
    ours: pd.DataFrame
    stored: pd.DataFrame


@pytest.fixture(scope="module")
def numbers(recorded: Once) -> Numbers:
    assert recorded.first.code == 0, recorded.first.text
    world = read_world(RECORDED)
    community, joined = Community(world), Community(world, links.joined(recorded.data))
    stored = values(recorded.data / "warehouse.duckdb", "metrics.metric_value")
    stored = comparable(stored[stored["metric"].isin({*METRICS, *recount.METRICS})])
    ours = banded(comparable(recompute(community)), comparable(recompute(joined, BANDED)))
    return Numbers(recount.Recount(community), ours, stored)


@pytest.mark.parametrize("metric", METRICS)
def test_every_stored_number_is_what_the_catalogue_says(numbers: Numbers, metric: str) -> None:
    odd = differences(of(numbers.ours, metric), of(numbers.stored, metric), [*SIDES, "status", "flags"])
    assert odd.empty, told(odd)


@pytest.mark.parametrize("metric", METRICS)
def test_no_slice_is_missing_and_none_is_invented(numbers: Numbers, metric: str) -> None:
    missing, invented = slices(of(numbers.ours, metric), of(numbers.stored, metric))
    assert missing.empty, told(missing)
    assert invented.empty, told(invented)


@pytest.mark.parametrize("metric", recount.METRICS)
def test_every_recounted_value_is_the_stored_one(numbers: Numbers, metric: str) -> None:
    ours = recount.recount(numbers.facts, metric)
    both = beside(ours, of(numbers.stored, metric))
    assert (both["value_theirs"] != 0).sum() >= 10, f"only {len(both)} values to compare"
    for name in {"value", "numerator", "denominator"} & set(ours):
        odd = unequal(both, name)
        assert odd.empty, told(odd)


def test_more_than_twenty_of_these_metrics_are_measured(numbers: Numbers) -> None:
    measured = set(numbers.stored.loc[numbers.stored["value"].notna(), "metric"])
    assert {*METRICS, *recount.METRICS} - measured == {"review_capacity_ratio"}  # no review was recorded
    assert len({*METRICS, *recount.METRICS} & measured) > 20

"""A planted gap is called evident, its absence is not, and small regions are not called at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.statistics import newcombe
from tests.whole.verdicts import NOBODY, Counts, differ_from_each_other, differ_from_the_rest, retention


@pytest.fixture
def counts(tmp_path: Path) -> Counts:
    """Two quarters of four regions, as the metric holds them; rows of all regions and of a population."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema metrics")
        connection.execute(
            """create table metrics.met_regional_retention_180d as
            select * from (values
                ('high', 'all', 30.0, 60.0), ('high', 'all', 36.0, 60.0), ('high', 'staff', 0.0, 60.0),
                ('low', 'all', 15.0, 60.0), ('low', 'all', 12.0, 60.0),
                ('same', 'all', 62.0, 120.0), ('few', 'all', 1.0, 3.0), (null, 'all', 156.0, 363.0),
                ('none', 'all', null, null), ('unknown', 'all', 0.0, 900.0)
            ) as rows(region, population, numerator, denominator)"""
        )
    return retention(path)


def test_quarters_are_taken_together_and_who_is_of_no_known_region_is_on_no_side(counts: Counts) -> None:
    assert counts == {"high": (66, 120), "low": (27, 120), "same": (62, 120), "few": (1, 3)}


def test_a_gap_is_evident_and_the_absence_of_one_is_not(counts: Counts) -> None:
    pairs = [("high", "low"), ("high", "same"), ("high", "few")]
    assert differ_from_each_other(counts, pairs) == dict(zip(pairs, (True, False, False), strict=True))
    assert newcombe(*counts["high"], *counts["low"]).value == pytest.approx(0.325)


def test_a_region_differs_from_all_others_together_or_does_not(counts: Counts) -> None:
    alike = {**counts, "high": (62, 120)}
    regions = ["low", "same", "few", "none"]
    assert differ_from_the_rest(alike, regions) == dict(zip(regions, (True, True, False, False), strict=True))
    many = {f"{n}": (60, 120) for n in range(9)} | {"low": (27, 120)}
    assert {region for region, differs in differ_from_the_rest(many, list(many)).items() if differs} == {
        "low"
    }


def test_a_region_without_newcomers_has_no_gap(counts: Counts) -> None:
    assert differ_from_each_other(counts, [("high", "none")]) == {("high", "none"): False}
    assert newcombe(*counts["high"], *NOBODY).value is None


def test_a_gap_that_one_test_alone_would_call_evident_is_not_among_many(counts: Counts) -> None:
    near = {**counts, "near": (49, 120)}
    pair = ("high", "near")
    assert differ_from_each_other(near, [pair])[pair]
    others = [("high", "same"), ("same", "high"), ("few", "high"), ("few", "low")]
    assert not differ_from_each_other(near, [pair, *others])[pair]

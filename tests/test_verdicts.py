"""A planted gap is called evident, its absence is not, and small regions are not called at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.whole.verdicts import retention_gaps


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
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
                ('none', 'all', null, null)
            ) as rows(region, population, numerator, denominator)"""
        )
    return path


def test_a_gap_is_evident_and_the_absence_of_one_is_not(warehouse: Path) -> None:
    verdicts = retention_gaps(warehouse, [("high", "low"), ("high", "same"), ("high", "few")])
    assert {pair: one.is_evident for pair, one in verdicts.items()} == {
        ("high", "low"): True,
        ("high", "same"): False,
        ("high", "few"): False,
    }
    found = verdicts["high", "low"]
    assert (found.retained, found.newcomers) == ((66, 27), (120, 120))
    assert found.gap.value == pytest.approx(0.325)


def test_a_region_without_newcomers_has_no_gap(warehouse: Path) -> None:
    verdict = retention_gaps(warehouse, [("high", "none")])["high", "none"]
    assert verdict.gap.value is None
    assert not verdict.is_evident


def test_a_gap_that_one_test_alone_would_call_evident_is_not_among_many(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into metrics.met_regional_retention_180d values ('near', 'all', 49, 120)")
    pair = ("high", "near")
    assert retention_gaps(warehouse, [pair])[pair].is_evident
    others = [("high", "same")] * 1 + [("same", "high"), ("few", "high"), ("few", "low")]
    assert not retention_gaps(warehouse, [pair, *others])[pair].is_evident

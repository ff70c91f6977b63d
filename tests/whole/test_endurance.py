"""Every fault of every source and kills at random moments lose nothing and double nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.simulation.world import SOURCES as SERVED
from tests.bench.endurance import endure


@pytest.mark.parametrize("source", SERVED)
def test_after_all_faults_and_kills_the_lake_holds_the_source_as_it_is(source: str, tmp_path: Path) -> None:
    """`make bench` runs the same with more kills; `endure` raises when the last run is refused."""
    told = endure("small", 11, tmp_path, kills=2, sources=[source])
    assert [held for held in told.streams if (held.lost, held.stale, held.surplus) != (0, 0, 0)] == []
    assert sum(held.records for held in told.streams) > 800

"""The same lake gives the same numbers, however its rows are ordered, and whether or not it grew by days."""

from __future__ import annotations

import json
import random
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import warehouse
from pipelines.run import world_of
from pipelines.sources.spec import parse_instant, stamp
from tests.whole.conftest import Twice
from tests.whole.days import hold_back
from tests.whole.runs import made_anew, made_by_parts, mdm

pytestmark = pytest.mark.whole


def exported(data: Path, to: Path) -> bytes:
    """All values as a text file, ordered by everything."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"copy (select * from metrics.metric_value order by all) to '{to}' (header)")
    return to.read_bytes()


def shuffle(raw: Path, seed: int) -> int:
    """Every batch in another order of rows and in two files; returns how many files were cut in two."""
    chance, cut = random.Random(seed), 0
    for path in sorted(raw.glob("[a-z]*/*/2*.parquet")):
        table = pq.read_table(path)
        order = list(range(table.num_rows))
        chance.shuffle(order)
        shuffled, half = table.take(order), table.num_rows // 2
        pq.write_table(shuffled.slice(half), path)
        if half:
            pq.write_table(shuffled.slice(0, half), path.with_name(f"2{path.name}"))
            cut += 1
    return cut


def test_a_lake_that_was_shuffled_and_grew_by_days_gives_the_same_bytes(demo: Twice, tmp_path: Path) -> None:
    data = tmp_path / "data"
    left_out = shutil.ignore_patterns("warehouse.duckdb", "dagster", "published", "*.log")
    shutil.copytree(demo.data, data, ignore=left_out)
    assert shuffle(data / "raw", 7) > 15
    newest = max(map(parse_instant, world_of(data).now.values()))
    late, give_back = hold_back(data / "raw", newest - timedelta(days=40))
    assert late > 100
    before = mdm(data, "build")
    assert before.code == 0, before.text
    assert exported(data, tmp_path / "before.csv") != exported(demo.data, tmp_path / "there.csv")

    give_back()
    ended = mdm(data, "build")
    assert ended.code == 0, ended.text
    there, here = exported(demo.data, tmp_path / "there.csv"), exported(data, tmp_path / "here.csv")
    assert len(there) > 1_000_000
    assert here == there
    # Reps and the survey gave nothing new: what is made of them alone stays.
    assert not made_anew(data) & {"stg_reps__people", "stg_survey__answers", "dim_country"}
    assert {"fct_contribution", "fct_identity_month", "metric_value"} <= made_anew(data)
    # Forty days were late: what is told by dates is made for some of them.
    by_dates = {"fct_contribution", "fct_identity_level", "fct_identity_window", "fct_identity_year"}
    assert by_dates <= made_by_parts(data)
    warehouse.dbt(data, "run", "--select", "dim_country", "--full-refresh")
    assert made_anew(data) == {"dim_country"}


def test_a_build_on_the_next_day_changes_no_closed_period(demo: Twice, tmp_path: Path) -> None:
    """The same lake a day later, before any week or month ends: only what tells of runs is new."""
    data = tmp_path / "data"
    left_out = shutil.ignore_patterns("dagster", "published", "*.log")
    shutil.copytree(demo.data, data, ignore=left_out)
    world = world_of(data)
    later = {name: stamp(parse_instant(now) + timedelta(days=1)) for name, now in world.now.items()}
    (data / "world.json").write_text(json.dumps({**world.__dict__, "now": later}))
    before, after = world.as_of(), world_of(data).as_of()
    assert (before.isocalendar()[:2], before.month) == (after.isocalendar()[:2], after.month)
    ended = mdm(data, "build")
    assert ended.code == 0, ended.text

    with duckdb.connect() as connection:
        for name, folder in (("was", demo.data), ("now", data)):
            connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as {name} (read_only)")
        told = (
            "select metric, * exclude (metric, computed_at) from {}.metrics.metric_value where grain <> 'run'"
        )
        was, now = (told.format(name) for name in ("was", "now"))
        assert connection.execute(f"({was} except all {now})").fetchall() == []
        # What was published yesterday is known today.
        new = connection.execute(f"select distinct metric from ({now} except all {was})").fetchall()
        assert new == [("publication_lag_d",)]
        moved = connection.execute(
            """
            select was.metric from was.metrics.metric_value as was inner join now.metrics.metric_value as now
                on was.metric = now.metric and was.source = now.source and was.grain = now.grain
            where was.grain = 'run' and now.value = was.value + 24
            """
        ).fetchall()
        assert ("source_freshness_h",) in moved

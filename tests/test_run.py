"""One data folder, one world: communities never mix, and real systems are not asked for invented data."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import run
from pipelines.sources import SOURCES

DEMO = run.World("small seed 1", now={"sumo": "2026-07-09T12:00:00Z"})
RECORDED = run.World("recorded 12345678", now={"sumo": "2025-04-01T00:00:00Z"})


def test_another_community_puts_the_former_one_on_the_shelf_and_back(tmp_path: Path) -> None:
    run.begin(tmp_path, DEMO)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mark").write_text("demo")
    run.begin(tmp_path, RECORDED)
    assert not (tmp_path / "raw").exists()
    run.begin(tmp_path, DEMO)
    assert (tmp_path / "raw" / "mark").read_text() == "demo"
    assert run.world_of(tmp_path) == DEMO


def test_a_folder_with_live_data_is_never_given_away(tmp_path: Path) -> None:
    run.begin(tmp_path, run.World())
    with pytest.raises(run.DataInUse, match="holds the data of live"):
        run.begin(tmp_path, DEMO)


def test_live_data_does_not_join_what_has_no_known_origin(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(run.DataInUse, match="unknown origin"):
        run.begin(tmp_path, run.World())


def test_a_real_system_is_never_asked_for_a_simulated_community(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MDM_SUMO_URL", raising=False)
    run.begin(tmp_path, DEMO)
    with pytest.raises(run.DataInUse, match="SUMO itself is not asked"):
        run.land_source(tmp_path, SOURCES["sumo"], run_id="r")


def test_two_runs_never_work_in_one_folder(tmp_path: Path) -> None:
    with (
        run.only_run(tmp_path),
        pytest.raises(run.DataInUse, match="another run works"),
        run.only_run(tmp_path),
    ):
        pass


def test_the_runs_clock_is_the_latest_of_the_community(tmp_path: Path) -> None:
    both = run.World("two", now={"sumo": "2025-04-01T00:00:00Z", "reps": "2017-07-01T00:00:00Z"})
    assert both.as_of().isoformat() == "2025-04-01T00:00:00+00:00"

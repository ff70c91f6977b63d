"""One data folder, one world: communities never mix, and real systems are not asked for invented data."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from subprocess import PIPE

import pytest

from pipelines import run, settings
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


def test_runs_of_dagster_work_side_by_side_and_nobody_works_alone_meanwhile(tmp_path: Path) -> None:
    with run.one_of_many(tmp_path), run.one_of_many(tmp_path):
        with pytest.raises(run.DataInUse, match="another run works"), run.only_run(tmp_path):
            pass
    with run.only_run(tmp_path):
        pass


def test_a_job_inside_of_a_run_that_works_alone_goes_on(tmp_path: Path) -> None:
    with run.only_run(tmp_path), run.one_of_many(tmp_path):
        pass


def test_a_run_of_dagster_waits_for_the_end_of_what_works_alone(tmp_path: Path) -> None:
    alone = (
        "import sys, time; from pathlib import Path; from pipelines import run\n"
        "with run.only_run(Path(sys.argv[1])): print('works', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", alone, str(tmp_path)]
    entered = threading.Event()

    def work() -> None:
        with run.one_of_many(tmp_path):
            entered.set()

    with subprocess.Popen(command, cwd=settings.ROOT, stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "works\n"
        waiting = threading.Thread(target=work)
        waiting.start()
        assert not entered.wait(0.3)
        other.communicate()
        assert entered.wait(10)
        waiting.join()


def test_the_runs_clock_is_the_latest_of_the_community(tmp_path: Path) -> None:
    both = run.World("two", now={"sumo": "2025-04-01T00:00:00Z", "reps": "2017-07-01T00:00:00Z"})
    assert both.as_of().isoformat() == "2025-04-01T00:00:00+00:00"

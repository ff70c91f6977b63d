"""One data folder, one world: communities never mix, and real systems are not asked for invented data."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from pipelines import run, settings
from pipelines.sources import SOURCES

DEMO = run.World("small seed 1", now={"sumo": "2026-07-09T12:00:00Z"})
MOMENTS = 24
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


@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("world", [DEMO, RECORDED], ids=["demo", "recorded"])
def test_a_switch_that_was_killed_is_finished_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, world: run.World
) -> None:
    for one in (DEMO, RECORDED):
        run.begin(tmp_path, one)
        (tmp_path / "raw").mkdir()
        for name in ("raw/mark", "hash_key", "vault.duckdb", "vault.duckdb.wal"):
            (tmp_path / name).write_text(one.name)
    with monkeypatch.context() as patch:
        calls = killed_after(patch, moment)
        with contextlib.suppress(KeyboardInterrupt):
            run.begin(tmp_path, DEMO)
    assert len(calls) < MOMENTS - 1, "there is a moment for every change"
    run.begin(tmp_path, world)
    other = RECORDED if world is DEMO else DEMO
    for folder, owner in ((tmp_path, world), (run._shelf(tmp_path, other.name), other)):
        for name in ("raw/mark", "hash_key", "vault.duckdb", "vault.duckdb.wal"):
            assert (folder / name).read_text() == owner.name
        assert run.world_of(folder) == owner
    assert not (tmp_path / run.SWITCH).exists()


def killed_after(patch: pytest.MonkeyPatch, moment: int) -> list[str]:
    """Have the process killed on the way into the change of a file after so many others; the changes."""
    calls = list[str]()

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if len(calls) == moment:
                raise KeyboardInterrupt
            calls.append(real.__name__)
            return real(*given, **named)

        return call

    for name in ("rename", "replace", "unlink", "rmdir", "mkdir"):
        patch.setattr(Path, name, counted(getattr(Path, name)))
    return calls


def test_what_works_alone_finishes_a_switch_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run.begin(tmp_path, DEMO)
    with monkeypatch.context() as patch:
        killed_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            run.begin(tmp_path, RECORDED)
    with run.only_run(tmp_path):
        assert run.world_of(tmp_path) == RECORDED


def test_nothing_is_moved_onto_something_else(tmp_path: Path) -> None:
    run.begin(tmp_path, DEMO)
    (tmp_path / "hash_key").write_text("the key of today")
    shelf = run._shelf(tmp_path, DEMO.name)
    shelf.mkdir(parents=True)
    (shelf / "hash_key").write_text("another")
    with pytest.raises(run.DataInUse, match="hash_key is there already"):
        run.begin(tmp_path, RECORDED)
    assert (tmp_path / "hash_key").read_text() == "the key of today"
    assert run.world_of(tmp_path) == DEMO
    assert not (tmp_path / run.SWITCH).exists()


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


def test_who_works_alone_and_may_wait_begins_after_the_last_of_many(tmp_path: Path) -> None:
    entered = threading.Event()

    def work() -> None:
        with run.only_run(tmp_path, waits=True):
            entered.set()

    waiting = threading.Thread(target=work)
    with run.one_of_many(tmp_path):
        with run.one_of_many(tmp_path):
            waiting.start()
        assert not entered.wait(0.3)
    assert entered.wait(10)
    waiting.join()


def test_the_runs_clock_is_the_latest_of_the_community(tmp_path: Path) -> None:
    both = run.World("two", now={"sumo": "2025-04-01T00:00:00Z", "reps": "2017-07-01T00:00:00Z"})
    assert both.as_of().isoformat() == "2025-04-01T00:00:00+00:00"

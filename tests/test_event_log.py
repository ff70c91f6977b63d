"""The event log is Dagster's own: what one writes the other reads, and each file has one engine."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import text

from pipelines import cli, settings
from pipelines.defs.event_log import KEPT_OPEN, EventLog


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset="table")])
def table():  # type: ignore[no-untyped-def]  # Dagster reads an annotation as the type of what is stored
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="sound")])


def events(log: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [one.dagster_event.event_type_value for one in log.get_logs_for_run(run_id) if one.dagster_event]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder's Dagster instance, prepared as `mdm run` and `mdm dev` do."""
    monkeypatch.setattr(settings, "apply", lambda _variables: None)
    cli._prepare_dagster(tmp_path, {})
    return tmp_path / "dagster"


def test_dagster_reads_what_is_written_and_the_other_way_round(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        log = instance.event_log_storage
        assert isinstance(log, EventLog)
        run_id = dg.materialize([table], instance=instance).run_id
        written = events(log, run_id)
    assert {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"} <= set(written)
    theirs = SqliteEventLogStorage(str(home / "history" / "runs"))
    assert events(theirs, run_id) == written
    assert theirs.get_latest_materialization_events([table.key])[table.key] is not None
    (home / "dagster.yaml").write_text(json.dumps({"telemetry": {"enabled": False}}))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        later = dg.materialize([table], instance=instance).run_id
        kept = events(theirs, later)
    assert events(EventLog(str(home / "history" / "runs")), later) == kept


def test_a_file_has_one_engine_however_many_events(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    engines = []
    for _ in range(3):
        with log.run_connection("a run") as connection:
            engines.append(connection.engine)
    assert engines[0] is not engines[1]
    assert engines[1] is engines[2]
    with log.index_connection() as connection:
        assert connection.engine.url != engines[2].url


def test_few_files_stay_open_and_a_closed_one_opens_again(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    for turn in range(2):
        for run in range(KEPT_OPEN + 3):
            with log.run_connection(f"run {run}") as connection:
                if not turn:
                    connection.execute(text("create table kept (n integer)"))
            with log.run_connection(f"run {run}") as connection:
                assert connection.execute(text("select count(*) from kept")).scalar() == 0
        assert len(log._engines) == KEPT_OPEN


def test_threads_take_turns(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    with log.run_connection("a run") as connection:
        connection.execute(text("create table kept (n integer)"))

    def note(number: int) -> None:
        with log.run_connection("a run") as connection:
            connection.execute(text("insert into kept values (:n)"), {"n": number})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(note, range(200)))
    with log.run_connection("a run") as connection:
        assert connection.execute(text("select count(distinct n) from kept")).scalar() == 200


def test_what_fails_within_a_transaction_is_not_kept(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    with log.run_connection("a run") as connection:
        connection.execute(text("create table kept (n integer)"))
    for _ in range(2):
        with contextlib.suppress(ZeroDivisionError), log.run_connection("a run") as connection:
            connection.execute(text("insert into kept values (1)"))
            raise ZeroDivisionError
        with log.run_connection("a run") as connection:
            assert connection.execute(text("select count(*) from kept")).scalar() == 0

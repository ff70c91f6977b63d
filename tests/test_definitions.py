"""Dagster knows every stream, model and gate under one name each, and holds nothing back that must go on."""

from __future__ import annotations

import ast
import contextlib
import errno
import fcntl
import io
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from expectations import landing
from expectations.gate import Verdict
from pipelines import cli, lake, publish, records, run, settings, status, warehouse
from pipelines.lake import Lake
from pipelines.sources import SOURCES
from pipelines.sources.spec import Stream
from tests.invented_warehouse import Place, value, values
from tests.scripted import scripted
from tests.test_landing import ANSWERS, SOURCE, answer_record, kitsune, land, rows_of


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The definitions over an empty data folder; the environment is put back afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        data = tmp_path_factory.mktemp("definitions")
        for name in (
            "MDM_DATA",
            "DAGSTER_HOME",
            "DBT_TARGET_PATH",
            "DBT_LOG_PATH",
            "DBT_PROFILES_DIR",
            *settings.NO_TELEMETRY,
        ):
            patch.setenv(name, str(data))
        import dagster as dg

        from pipelines.definitions import defs

        dg.Definitions.validate_loadable(defs)  # as the Dagster UI does
        yield defs.get_repository_def()


def keys(repository: Any) -> set[str]:
    return {key.to_user_string() for key in repository.asset_graph.materializable_asset_keys}


def test_every_stream_is_an_asset_under_its_own_name(repository: Any) -> None:
    streams = {f"{source.name}/{stream.name}" for source in SOURCES.values() for stream in source.streams}
    assert streams <= keys(repository)


def test_every_dbt_model_is_an_asset(repository: Any) -> None:
    models = {path.stem for path in (settings.ROOT / "dbt" / "models").rglob("*.sql")}
    assert models <= {key.split("/")[-1] for key in keys(repository)}


def test_staging_reads_the_streams_by_the_same_name(repository: Any) -> None:
    graph = repository.asset_graph
    for source in SOURCES.values():
        for stream in source.streams:
            key = next(
                k
                for k in graph.materializable_asset_keys
                if k.to_user_string() == f"{source.name}/{stream.name}"
            )
            children = {child.to_user_string() for child in graph.get(key).child_keys}
            assert any(child.startswith(f"staging/stg_{source.name}__") for child in children), key


def test_publication_waits_for_the_metrics_and_its_gate_blocks(repository: Any) -> None:
    graph = repository.asset_graph
    published = next(k for k in graph.materializable_asset_keys if k.to_user_string() == "published")
    assert "metrics/metric_value" in {parent.to_user_string() for parent in graph.get(published).parent_keys}
    checks = {
        key.name: graph.get_check_spec(key).blocking for key in graph.get_check_keys_for_assets({published})
    }
    assert checks == {"publish_gate": True}


def test_every_stream_shows_its_landing_gate(repository: Any) -> None:
    checks = repository.asset_graph.asset_check_keys
    judged = {key.asset_key.to_user_string() for key in checks if key.name == "landing_gate"}
    assert judged == {
        f"{source.name}/{stream.name}" for source in SOURCES.values() for stream in source.streams
    }


def test_every_step_holds_the_folders_lock_as_long_as_its_run_works(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from pipelines.defs.folder import FOLDER, folder

    for asset in repository.assets_defs_by_key.values():
        assert not asset.is_executable or FOLDER in asset.required_resource_keys, asset.keys

    @dg.asset(required_resource_keys={FOLDER})
    def first() -> None:
        with pytest.raises(run.DataInUse), run.only_run(tmp_path):
            pass

    @dg.asset(required_resource_keys={FOLDER}, deps=[first])
    def second() -> None:
        with pytest.raises(run.DataInUse), run.only_run(tmp_path):
            pass

    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    instance = dg.DagsterInstance.ephemeral()
    assert dg.materialize([first, second], instance=instance, resources={FOLDER: folder}).success
    with run.only_run(tmp_path):
        pass


def of_last_run(data: Path) -> tuple[bool, list[str]]:
    """Whether the last run came to its end, and why it failed; told by `mdm status`."""
    last = records.last_run(data)
    assert last is not None
    assert set(last) == {"began_at", "ended_at", "failed"}
    return last["ended_at"] is not None, status.last_run_in_words(last)


def test_what_became_of_a_run_that_dagster_started_is_noted(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    with dg.instance_for_test() as instance:

        def run_job(name: str) -> bool:
            job = repository.get_job(name)
            return bool(job.execute_in_process(instance=instance, raise_on_error=False).success)

        assert not run_job("rebuild")
        has_ended, [sentence] = of_last_run(tmp_path)
        assert has_ended
        assert sentence.startswith("last run failed at warehouse, ")
        assert sentence.endswith("UTC: no source has ever given a record: there is nothing to build")

        assert run_job("land_curated")
        assert of_last_run(tmp_path) == (True, [])


def test_a_run_at_work_and_one_that_a_gate_stops_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from pipelines import publish
    from pipelines.defs.folder import FOLDER, folder
    from pipelines.defs.publication import published

    def refuse(data: Path, _run_id: str) -> None:
        has_ended, [sentence] = of_last_run(data)
        assert not has_ended
        assert "it is at work, or was stopped" in sentence
        raise publish.PublicationRefused(("internal metric_value: too small",))

    monkeypatch.setattr(run, "publish", refuse)
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    with dg.instance_for_test() as instance:
        dg.materialize([published], instance=instance, resources={FOLDER: folder}, raise_on_error=False)
    has_ended, [sentence] = of_last_run(tmp_path)
    assert has_ended
    assert "failed at publish_gate" in sentence
    assert sentence.endswith(": internal metric_value: too small")


def test_there_is_a_job_for_each_source_one_for_the_night_and_a_daily_schedule(repository: Any) -> None:
    assert {f"land_{name}" for name in SOURCES} | {"main", "nightly", "rebuild"} <= set(repository.job_names)
    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    daily = schedules["every_night"]
    assert (daily.job_name, daily.cron_schedule, daily.execution_timezone) == ("nightly", "0 3 * * *", "UTC")


def test_no_night_asks_a_closed_archive_which_is_looked_at_every_quarter(repository: Any) -> None:
    """Reps answers nothing new since 2020; a person who types `mdm run` has it asked all the same."""

    def asked(job: str) -> set[str]:
        steps = {node.name for node in repository.get_job(job).nodes}
        return {name for name in SOURCES if f"{name}_landing" in steps}

    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    quarterly = schedules["every_quarter"]
    assert asked("main") == set(SOURCES)
    assert asked("nightly") == set(SOURCES) - {"reps"}
    assert asked(quarterly.job_name) == {"reps"}
    assert quarterly.cron_schedule == "0 1 2 */3 *"


def test_an_operators_settings_that_do_not_work_are_told_in_one_sentence_without_a_secret(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.definitions import execute_main

    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    written = (
        "storage:\n  postgres:\n    postgres_url: postgresql://ada:hunter2@127.0.0.1/x\n    port: hunter2\n"
    )
    (tmp_path / "dagster" / "dagster.yaml").write_text(written)
    with pytest.raises(settings.SettingRefused, match=r"dagster\.yaml does not work \(\w+\)") as refused:
        execute_main(None, None)
    assert "hunter2" not in str(refused.value)


def test_compaction_is_a_job_that_works_alone_and_leaves_the_note_of_the_last_run(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    for number in (1, 2):
        land(tmp_path, kitsune([answer_record(number)]))
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    records.note_run(tmp_path, noon, noon, ["warehouse: bad: Binder Error"])
    real = Lake.compact
    refused = list[bool]()

    def watched(self: Lake, source: str, stream: Stream) -> int:
        with (tmp_path / "lock").open("a") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            refused.append(False)
        return real(self, source, stream)

    monkeypatch.setattr(Lake, "compact", watched)
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    with dg.instance_for_test() as instance:
        assert repository.get_job("compact").execute_in_process(instance=instance).success
    assert refused == [], "a run of Dagster could have begun meanwhile"
    assert len(list((tmp_path / "raw" / "sumo" / "answers").glob("2*.parquet"))) == 1
    assert {row["id"] for row in rows_of(tmp_path) if "id" in row} == {1, 2}
    assert of_last_run(tmp_path)[1][0].startswith("last run failed at warehouse, ")


def test_every_job_holds_the_folders_lock(repository: Any) -> None:
    from pipelines.defs.folder import FOLDER, FOLDER_ALONE

    for name in repository.job_names:
        held = set(repository.get_job(name).required_resource_keys) & {FOLDER, FOLDER_ALONE}
        assert held == {FOLDER_ALONE if name == "compact" else FOLDER}, name


def test_the_lake_is_compacted_every_month_before_the_night(repository: Any) -> None:
    (monthly,) = (one for one in repository.schedule_defs if one.name == "every_month")
    assert (monthly.job_name, monthly.cron_schedule) == ("compact", "30 0 1 * *")
    assert monthly.execution_timezone == "UTC"


@pytest.fixture
def ended(repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`mdm run` over a folder with a publication: the exit code and what is shown.

    The main job is a small one: one stream of one source, a warehouse that stands already (`trouble`: why it
    cannot be built), publication.
    """
    import dagster as dg

    from pipelines import definitions
    from pipelines.defs import ingest, publication
    from pipelines.defs.folder import FOLDER, folder

    data, place = tmp_path / "data", Place(tmp_path / "data")
    data.mkdir()
    run.begin(data, run.World())
    place.fill(values())
    records.prepare(data / "raw" / "_pipeline")
    for name in ("DAGSTER_HOME", "DBT_TARGET_PATH", "DBT_LOG_PATH", "DBT_PROFILES_DIR", "DBT_LOG_LEVEL_FILE"):
        monkeypatch.setenv(name, str(data))  # put back afterwards, for a command sets them
    monkeypatch.setenv("MDM_DATA", str(data))
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setattr(warehouse, "manifest", lambda _: place.manifest)
    monkeypatch.setattr(landing, "LANDING", {})
    monkeypatch.setattr(run, "display", run.display)
    with monkeypatch.context() as accepting:
        accepting.setattr(publish, "judge", lambda *_: Verdict(True, (), (), 0))
        run.publish(data, "before")

    def call(trouble: str | None = None) -> tuple[int, str]:
        @dg.asset(
            key=["metrics", "metric_value"],
            deps=[ingest.key_of(SOURCE, ANSWERS.streams[0])],
            required_resource_keys={FOLDER},
        )
        def metric_value() -> None:
            if trouble:
                raise dg.Failure(trouble, allow_retries=False)

        assets = [ingest.landing_of(SOURCE), metric_value, publication.published]
        job = dg.define_asset_job("main", selection=dg.AssetSelection.all())
        small = dg.Definitions(
            assets=assets, jobs=[job], resources={FOLDER: folder}, executor=dg.in_process_executor
        )
        monkeypatch.setattr(definitions, "defs", small)
        monkeypatch.setattr(definitions, "SOURCES", {SOURCE.name: SOURCE})
        monkeypatch.setattr(sys, "argv", ["mdm", "run", "--sources", "live"])
        shown = io.StringIO()
        with scripted(kitsune([answer_record(1)])) as (root, _), contextlib.redirect_stdout(shown):
            monkeypatch.setenv("MDM_SUMO_URL", root)
            with pytest.raises(SystemExit) as exited:
                cli.main()
        assert isinstance(exited.value.code, int)
        return exited.value.code, shown.getvalue()

    return call


def test_a_full_disk_ends_a_run_with_the_error_and_the_next_one_goes_on(
    ended: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lake.write_parquet

    def full(table: Any, path: Path) -> None:
        """Half of the batch is on the disk when the other half finds no room."""
        if path.parent.name == "answers" and not path.name.startswith("_"):
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", no_room)
                real(table, path)
        real(table, path)

    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    former = publish.current_version(tmp_path / "data" / "published")
    with monkeypatch.context() as patch:
        patch.setattr(lake, "write_parquet", full)
        code, shown = ended()
    assert code == 1
    assert "failed: sumo_landing: OSError: [Errno 28] No space left on device" in shown
    assert "nothing was published" in shown
    assert publish.current_version(tmp_path / "data" / "published") == former
    answers = tmp_path / "data" / "raw" / "sumo" / "answers"
    assert {path.name for path in answers.iterdir()} <= {"_schema.parquet"}

    monkeypatch.setattr(publish, "judge", lambda *_: Verdict(True, (), (), 0))
    code, shown = ended()
    assert code == 0, shown
    assert [row["id"] for row in rows_of(tmp_path / "data")] == [1]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("metrics__metric_value", "bad: Binder Error"),
        ("publication", "cannot be written, nothing changed"),
        ("publish_gate", "every value is of a declared metric"),
    ],
)
def test_a_run_that_publishes_nothing_leaves_the_former_publication_and_tells_the_step(
    step: str, reason: str, ended: Callable[..., tuple[int, str]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    out = tmp_path / "data" / "published"
    former = publish.current_version(out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert former is not None

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "publication":
        monkeypatch.setattr(publish, "judge", lambda *_: Verdict(True, (), (), 0))
        monkeypatch.setattr(publish, "_put_in_place", no_room)
    if step == "publish_gate":
        Place(tmp_path / "data").fill([*values(), value("mood", 1)])
    code, shown = ended(reason if step == "metrics__metric_value" else None)
    (told,) = (line for line in shown.splitlines() if line.startswith("failed: "))
    assert code == 1
    assert told.startswith(f"failed: {step}: ")
    assert reason in told
    assert "nothing was published" in shown
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert publish.current_version(out) == former
    assert status.last_run_in_words(records.last_run(tmp_path / "data"))[0].startswith(
        f"last run failed at {step}, "
    )


def test_dagster_is_imported_by_its_own_folder_alone() -> None:
    importing = {
        path.relative_to(settings.ROOT).as_posix()
        for folder in ("pipelines", "expectations", "dashboards")
        for path in (settings.ROOT / folder).rglob("*.py")
        if "import dagster" in path.read_text() or "from dagster" in path.read_text()
    }
    assert all(path.startswith("pipelines/defs/") or path == "pipelines/definitions.py" for path in importing)


def test_no_run_reads_a_source_with_a_part_of_the_simulation() -> None:
    """Only commands that simulate import it; the embedded community is a process of its own."""
    importing = set()
    for folder in ("pipelines", "expectations", "dashboards"):
        for path in (settings.ROOT / folder).rglob("*.py"):
            name = path.relative_to(settings.ROOT).as_posix()
            tree = ast.parse(path.read_text())
            inside = {
                line: part.name
                for part in ast.walk(tree)
                if isinstance(part, ast.FunctionDef)
                for line in range(part.lineno, (part.end_lineno or 0) + 1)
            }
            for part in ast.walk(tree):
                asked = [one.name for one in part.names] if isinstance(part, ast.Import) else []
                if isinstance(part, ast.ImportFrom):
                    asked = [f"{part.module}.{one.name}" for one in part.names]
                if any(one.startswith("pipelines.simulation") for one in asked):
                    importing.add((name, inside.get(part.lineno)))
    outside = {one for one in importing if not one[0].startswith("pipelines/simulation/")}
    assert outside == {("pipelines/cli.py", "simulate"), ("pipelines/cli.py", "_to_lake")}


def test_only_settings_reads_the_environment() -> None:
    reading = {
        path.relative_to(settings.ROOT).as_posix()
        for folder in ("pipelines", "expectations", "dashboards")
        for path in (settings.ROOT / folder).rglob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert reading == {"pipelines/settings.py", "pipelines/dbt_child.py"}  # the child takes away alone


def test_every_tool_is_told_to_send_no_telemetry() -> None:
    assert settings.environment({}).items() >= settings.NO_TELEMETRY.items()
    flags = Path(settings.ROOT / "dbt" / "dbt_project.yml").read_text()
    assert "send_anonymous_usage_stats: false" in flags

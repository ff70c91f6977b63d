"""`dagster.yaml` of a data folder: ours is written anew, an operator's stays and decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from pipelines import cli, settings

POOLS: dict[str, Any] = {"concurrency": {"pools": {"default_limit": 1}}}


@dg.asset
def table():  # type: ignore[no-untyped-def]  # Dagster reads an annotation as the type of what is stored
    return dg.MaterializeResult()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a folder that Dagster has not seen yet."""
    monkeypatch.setattr(settings, "apply", lambda _variables: None)
    (tmp_path / "dagster").mkdir()
    return tmp_path / "dagster" / "dagster.yaml"


def prepared(path: Path, more: dict[str, Any]) -> dict[str, Any]:
    """What Dagster reads after `mdm run` ({}) or `mdm dev` (POOLS) has prepared the folder."""
    cli._prepare_dagster(path.parent.parent, more)
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


@pytest.mark.parametrize("more", [{}, POOLS], ids=["run", "dev"])
def test_an_operators_storage_is_the_one_that_is_used(path: Path, more: dict[str, Any]) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    theirs = f"telemetry:\n  enabled: false\nstorage:\n  sqlite:\n    base_dir: {elsewhere}\n"
    path.write_text(theirs)
    prepared(path, more)
    assert path.read_text() == theirs
    with dg.DagsterInstance.from_config(str(path.parent)) as instance:
        assert dg.materialize([table], instance=instance).success
    assert list(elsewhere.rglob("runs.db"))
    assert not list(path.parent.rglob("*.db"))


def test_a_file_that_mdm_wrote_is_written_anew(path: Path) -> None:
    assert "concurrency" not in prepared(path, {})
    assert prepared(path, POOLS)["concurrency"] == POOLS["concurrency"]
    assert "concurrency" not in prepared(path, {})


def test_a_file_from_before_mdm_said_that_it_is_its_own_is_written_anew(path: Path) -> None:
    """It was JSON, and said in which folder the history is: not in this one, once the folder has moved."""
    former = {**POOLS, **prepared(path, {})}
    former["event_log_storage"]["config"]["base_dir"] = "/moved/away"
    path.write_text(json.dumps(former, indent=2))
    now = prepared(path, {})
    assert now["event_log_storage"]["config"]["base_dir"] == str(path.parent / "history" / "runs")
    assert "concurrency" not in now


@pytest.mark.parametrize("added", [{}, {"run_launcher": {"module": "one", "class": "Launcher"}}])
def test_a_file_is_an_operators_without_its_first_line_or_with_a_setting_of_theirs(
    path: Path, added: dict[str, Any]
) -> None:
    ours = prepared(path, {})
    mine = json.dumps({**ours, **added}) if added else yaml.safe_dump(ours)
    path.write_text(mine)
    prepared(path, POOLS)
    assert path.read_text() == mine

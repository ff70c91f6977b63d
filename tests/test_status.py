"""The state of a data folder: told without writing to it, with what became of the last run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli, records, status
from pipelines.sources import SOURCES

BEGAN, ENDED = datetime(2026, 7, 9, 12, tzinfo=UTC), datetime(2026, 7, 9, 12, 5, tzinfo=UTC)


def everything(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


def test_a_look_at_the_state_writes_nothing(tmp_path: Path) -> None:
    half = tmp_path / "raw" / "sumo" / "questions" / ".batch.parquet.tmp"
    half.parent.mkdir(parents=True)
    half.write_text("a run at work writes this")
    before = everything(tmp_path)
    state = status.as_json(tmp_path, SOURCES.values())
    assert everything(tmp_path) == before
    assert state["sources"]["sumo"]["streams"]["questions"]["records"] == 0
    assert state["last_run"] is None


@pytest.mark.parametrize(
    ("ended", "failed", "sentences"),
    [
        (ENDED, [], []),
        (ENDED, ["warehouse: bad: Binder Error"],
         ["last run failed at warehouse, 2026-07-09 12:05 UTC: bad: Binder Error"]),
        (None, [], ["last run began 2026-07-09 12:00 UTC and has not come to its end: it is at work, or was "
                    "stopped"]),
    ],
)  # fmt: skip
def test_a_run_that_failed_is_told_with_its_step_and_time(
    ended: datetime | None, failed: list[str], sentences: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "dagster").mkdir()
    records.note_run(tmp_path, BEGAN, ended, failed)
    assert status.last_run_in_words(records.last_run(tmp_path)) == sentences
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    cli.status_(as_json=False)
    told = capsys.readouterr().out
    assert all(one in told for one in sentences)
    assert ("last run" in told) == bool(sentences)

"""A full disk or a damaged file is one sentence with the file and what to do, never a traceback."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pipelines import cli, review, run, warehouse
from pipelines.explain import NotExplained, explain

KEY = b"a key for tests only"


@pytest.mark.parametrize("content", ["{", "", "[1]", '{"unknown": 1}'])
def test_a_damaged_note_of_the_world_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(content)
    with pytest.raises(run.DataInUse, match=r"world.json is damaged"):
        run.world_of(tmp_path)


def test_a_damaged_warehouse_is_not_one_that_is_being_built(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"no database " * 2000)
    with pytest.raises(review.NotReviewed, match=r"is damaged: remove it, then `mdm build`"):
        review.review(review.Place(tmp_path, tmp_path, KEY), None, 1)


def test_a_damaged_publication_is_named(tmp_path: Path) -> None:
    version = tmp_path / "published" / "20260709T120000Z-00000000"
    version.mkdir(parents=True)
    for name in ("internal.duckdb", "public.duckdb"):
        (version / name).write_bytes(b"no database " * 2000)
    (tmp_path / "published" / "current").write_text(version.name)
    with pytest.raises(NotExplained, match=r"internal.duckdb is damaged: `mdm run` publishes"):
        explain(tmp_path, "contributions", None, {})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/data/raw/x"),
            "the disk is full (/data/raw/x): make",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/data"), "/data cannot be written"),
        (warehouse.DbtFailed("bad: Binder Error"), "bad: Binder Error"),
    ],
)
def test_the_command_ends_with_one_sentence(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith(f"mdm: {sentence}")
    assert told.count("\n") == 1

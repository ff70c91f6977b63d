"""The lake's files: what stays of a write, whole or interrupted. Landing itself: `test_landing.py`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.lake import replace_file, write_parquet


def test_a_file_is_flushed_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    flush, rename = os.fsync, Path.replace

    def fsync(opened: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(opened).st_mode) else "file")
        flush(opened)

    def replace(path: Path, target: Path) -> Path:
        steps.append("name")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_parquet(pa.table({"_key": ["1"]}), tmp_path / "one.parquet")
    replace_file(tmp_path / "one.json", b"{}")
    assert steps == ["file", "name", "folder"] * 2


def test_a_write_that_fails_leaves_the_earlier_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.json"
    replace_file(path, b"before")

    def full(_opened: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        replace_file(path, b"after")
    assert path.read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["one.json"]


def test_keys_are_written_without_a_dictionary_and_read_back_the_same(tmp_path: Path) -> None:
    rows = pa.table({"_key": ["1", "2", "3"], "product": ["Toolkit", "Toolkit", None], "votes": [1, 2, 2]})
    write_parquet(rows, tmp_path / "one.parquet")
    assert pq.read_table(tmp_path / "one.parquet").equals(rows)
    columns = pq.read_metadata(tmp_path / "one.parquet").row_group(0).to_dict()["columns"]
    assert [column["has_dictionary_page"] for column in columns] == [False, True, True]

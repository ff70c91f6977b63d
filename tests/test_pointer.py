"""The pointer: one rule for pages and pipelines, and a start without what they need later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dashboards import data as pages
from pipelines import publish, settings, status
from pipelines.pointer import PointerBroken, current_version


def test_without_a_pointer_nothing_is_current(tmp_path: Path) -> None:
    assert current_version(tmp_path) is None
    assert status.published(tmp_path) == {"version": None, "path": None}


def test_the_name_is_read_without_the_end_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current").write_text("v1.0-a\n")
    assert current_version(tmp_path / "published") == "v1.0-a"
    assert status.published(tmp_path) == {"version": "v1.0-a", "path": str(tmp_path / "published" / "v1.0-a")}


@pytest.mark.parametrize("content", [b"", b"../elsewhere", b"a/b", b".hidden", b"two words", b"\xff\xfe"])
def test_pages_and_pipelines_refuse_the_same_pointers(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "current").write_bytes(content)
    with pytest.raises(PointerBroken, match="The pointer") as broken:
        current_version(tmp_path)
    with pytest.raises(publish.PublicationFailed) as failed:
        publish.current_version(tmp_path)
    with pytest.raises(pages.PublishedUnreadable) as unreadable:
        pages.open_published(tmp_path)
    assert str(failed.value) == str(unreadable.value) == str(broken.value)


def test_reading_the_pointer_loads_the_standard_library_alone() -> None:
    code = "import sys, pipelines.pointer; print({'pandas', 'duckdb', 'dagster'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=settings.ROOT, capture_output=True, check=True)
    assert done.stdout == b"set()\n"

"""Settings: what cannot be worked with is refused in one sentence, before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import settings


@pytest.mark.parametrize("name", ["o'brien", "x[1]", "a]b", "a*b", "a?b", "a\\b"])
def test_a_data_folder_that_sql_would_read_otherwise_is_refused_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path / name / "data"))
    with pytest.raises(settings.SettingRefused, match="no folder of its path may have one of") as refused:
        settings.data_dir()
    assert str(tmp_path / name) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["two words", "ä(1)", "a{b},c", "$HOME", 'a"b', "100%"])
def test_other_names_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path / name))
    assert settings.data_dir() == tmp_path / name

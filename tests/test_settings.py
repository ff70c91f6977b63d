"""Settings: what cannot be worked with is refused in one sentence, before anything is made or asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.progress import Progress

from pipelines import cli, run, settings
from pipelines.landing import FeedResult
from pipelines.sources import SOURCES
from tests.scripted import Reply, scripted


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


@pytest.mark.parametrize(
    "url",
    ["sumo.example.org", "ftp://sumo.example.org", "https://", "https://a:port/", "http://[a/", "http://a b"],
)
def test_an_address_that_is_none_is_refused_before_a_live_run_begins(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setenv("MDM_SUMO_URL", url)
    monkeypatch.setattr(cli, "_execute", lambda *_: pytest.fail("the run began"))
    with pytest.raises(settings.SettingRefused, match=r"^MDM_SUMO_URL is not an http\(s\) address\.$"):
        cli.run_(sources="live")
    assert not (tmp_path / "world.json").exists()


@pytest.mark.parametrize(
    ("tags", "categories", "asked"),
    [
        ("", "", ["/tag/mission-mozillians.json"]),
        (" l10n, firefox-os,l10n", "", ["/tag/l10n.json", "/tag/firefox-os.json"]),
        ("", "17", ["/c/17/none/l/latest.json"]),
        ("l10n", "17, 5", ["/tag/l10n.json", "/c/17/none/l/latest.json", "/c/5/none/l/latest.json"]),
    ],
)
def test_the_operator_chooses_tags_and_categories_of_the_forum(
    tags: str, categories: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setenv("MDM_DISCOURSE_TAGS", tags)
    monkeypatch.setenv("MDM_DISCOURSE_CATEGORIES", categories)
    with scripted(lambda _path, _n: Reply({"topic_list": {"topics": []}})) as (root, paths):
        monkeypatch.setenv("MDM_DISCOURSE_URL", root)
        (result,) = run.land_source(tmp_path, SOURCES["discourse"], run_id="test")
    assert not result.refused
    assert [path.partition("?")[0] for path in paths] == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [("TAGS", "two words"), ("TAGS", "a/b"), ("CATEGORIES", "community"), ("CATEGORIES", "5,-1")],
)
def test_what_is_no_tag_and_no_category_is_refused_before_a_live_run_begins(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setenv(f"MDM_DISCOURSE_{name}", value)
    monkeypatch.setattr(cli, "_execute", lambda *_: pytest.fail("the run began"))
    with pytest.raises(settings.SettingRefused, match=f"^MDM_DISCOURSE_{name} takes"):
        cli.run_(sources="live")


def test_every_source_has_an_address_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in SOURCES.values():
        monkeypatch.delenv(f"MDM_{source.name.upper()}_URL", raising=False)
        assert source.kept is not None or settings.source_url(source)


def test_new_versions_of_several_streams_are_told_by_stream(capsys: pytest.CaptureFixture[str]) -> None:
    console = cli._console()
    with Progress(console=console, disable=True) as progress:
        shown = cli.Shown(progress, console)
        shown.landed(FeedResult("bugzilla", "bugs", 860, {"bugs": 860, "changes": 9594}, 5, 1.0))
        shown.landed(FeedResult("reps", "events", 2, {"events": 2}, 1, 1.0))
    assert capsys.readouterr().out.splitlines() == [
        "bugzilla/bugs: 860 records read in 5 requests, 10,454 new versions (bugs 860, changes 9,594)",
        "reps/events: 2 records read in 1 requests, 2 new versions",
    ]

"""The closed Reps portal in a live run: read from its archive files, without a request."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pipelines import run, settings
from pipelines.lake import Lake
from pipelines.simulation.recorded import read_world
from pipelines.simulation.servers.serve import serve
from pipelines.sources import SOURCES
from pipelines.sources.reps_archive import Archive
from pipelines.sources.spec import stamp
from tests.simulation.invented_sets import ALUMNA, activities, events, people

REPS = SOURCES["reps"]
DAYS = [f"2014-{month:02}-{day:02}" for month in (5, 6) for day in range(1, 29)]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Archive files of one alumna, two events, and more reports than a page of the list holds."""
    folder = tmp_path / "recorded"
    people(folder, ALUMNA)
    events(folder, {}, {"id": 8, "slug": "second-lamp-day"})
    activities(folder, *({"report_date": day} for day in DAYS))
    return folder


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setenv("MDM_VAULT", "off")
    run.begin(data, run.World())
    return data


def refused(data: Path) -> list[str]:
    return [one for result in run.land_source(data, REPS, run_id="t") for one in result.refused]


def held(data: Path) -> dict[str, dict[str, str]]:
    return {stream.name: Lake(data).live("reps", stream.name) for stream in REPS.streams}


def test_a_live_run_reads_the_archive_as_it_would_read_the_portal(
    recorded: Path, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same records with the same contents as over HTTP; nobody is asked, a second run adds nothing."""
    with serve(read_world(recorded)) as servers, monkeypatch.context() as portal:
        portal.setenv("MDM_REPS_URL", servers.roots["reps"])
        other = tmp_path / "other"
        other.mkdir()
        run.begin(other, run.World())
        assert not refused(other)
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    monkeypatch.setenv("MDM_REPS_DIR", str(recorded / "reps"))
    assert not refused(live)
    assert {name: len(rows) for name, rows in held(live).items()} == {
        "people": 1, "events": 2, "activities": len(DAYS)
    }  # fmt: skip
    assert held(live) == held(other)
    state = Lake(live).state(REPS, REPS.feeds[2], REPS.streams[2])
    assert (state.watermark and stamp(state.watermark), state.requests) == ("2014-06-29T00:00:00Z", 0)
    assert not refused(live)
    assert Lake(live).state(REPS, REPS.feeds[2], REPS.streams[2]).versions == len(DAYS)


def test_reports_of_a_later_archive_are_added(
    recorded: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_REPS_DIR", str(recorded / "reps"))
    assert not refused(live)
    before = held(live)["activities"]
    activities(recorded, *({"report_date": day} for day in [*DAYS, "2014-07-01"]))
    assert not refused(live)
    after = held(live)["activities"]
    assert len(after) == len(DAYS) + 1
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("events_2012_2017h1.jsonl.gz", b"no gzip", "events_2012_2017h1.jsonl.gz: cannot be read to its end"),
        (None, b"", "no archive of the portal here; expected reps_joined_*.json, events_*.jsonl.gz"),
    ],
)
def test_files_that_cannot_be_read_refuse_the_source_in_one_sentence(
    name: str | None, content: bytes, told: str, recorded: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_REPS_DIR", str(recorded / "reps" if name else recorded / "nowhere"))
    if name:
        (recorded / "reps" / name).write_bytes(content)
    (sentence,) = refused(live)
    assert told in sentence
    assert not any(held(live).values())


def test_only_a_live_run_and_only_a_closed_system_is_read_from_files(
    recorded: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo community has Reps of its own, which a variable of somebody's shell must not replace."""
    for name in ("REPS", "SUMO"):
        monkeypatch.setenv(f"MDM_{name}_DIR", str(recorded / "reps"))
        monkeypatch.setenv(f"MDM_{name}_URL", "http://127.0.0.1:9")
    assert isinstance(run.connection(live, REPS, run.World()), Archive)
    assert not isinstance(run.connection(live, REPS, run.World("demo")), Archive)
    assert settings.archive_folder(SOURCES["sumo"]) is None
    assert not isinstance(run.connection(live, SOURCES["sumo"], run.World()), Archive)

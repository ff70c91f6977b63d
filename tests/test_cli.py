"""The command line: what is wrong is told in one sentence with exit code 2, never as a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.gate import Verdict
from pipelines import cli, records, status, warehouse
from pipelines import publish as publication
from pipelines.sources.spec import Handle
from pipelines.vault import Vault
from tests.invented_warehouse import Place, demo_place, regional, value, values

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"

Refusal = Callable[..., str]


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Run a command that must be refused; its sentence."""
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")

    def refused(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mdm", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr().err.splitlines()
        assert (ended.value.code, len(told)) == (cli.WRONG_CALL, 1)
        return told[0].removeprefix("mdm: ")

    return refused


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return demo_place(tmp_path, monkeypatch)


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Run a command that must end well."""
    monkeypatch.setattr(sys, "argv", ["mdm", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code in (None, 0)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A warehouse that another process has open for writing, and that process."""
    path = tmp_path / "warehouse.duckdb"
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield path, process.pid
        process.communicate()


def test_a_pointer_to_a_missing_version_is_a_sentence(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current").write_text("20260101T000000Z-00000000")
    assert "00000000 is not a whole published version" in refusal("explain", "active_contributors")


@pytest.mark.parametrize("words", [("explain", "active_contributors"), ("status",)])
def test_a_pointer_that_names_nothing_is_a_sentence(
    tmp_path: Path, refusal: Refusal, words: tuple[str, ...]
) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current").write_text("")
    assert refusal(*words).startswith("The pointer")


def test_a_wrong_vault_key_is_a_sentence(
    tmp_path: Path, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Vault(tmp_path, "a vault key for tests").remember("sumo", [Handle("id", "p1", "ada")], datetime.now(UTC))
    monkeypatch.setenv("MDM_VAULT_KEY", "another key for tests")
    assert refusal("build").endswith("vault.duckdb does not open with this MDM_VAULT_KEY.")


def test_a_warehouse_that_another_process_writes_is_one_sentence_wherever_it_is_met(
    held: tuple[Path, int], refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, holder = held
    sentence = f"process {holder} has {path} open: wait for its end, then try again."
    with pytest.raises(duckdb.IOException) as met:
        duckdb.connect(str(path))
    with pytest.raises(warehouse.WarehouseClosed) as closed, warehouse.reading(path.parent):
        pass
    assert str(closed.value) == sentence
    said = f"Traceback ...\n  Runtime Error\n  {met.value}"
    ended = subprocess.CompletedProcess[str]([], 2, stdout=said, stderr="")
    monkeypatch.setattr(warehouse.subprocess, "run", lambda *_, **__: ended)
    assert refusal("docs") == sentence
    assert warehouse.trouble(path.parent, said) == sentence


def test_a_damaged_warehouse_is_not_taken_for_one_in_use(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    path.write_bytes(path.read_bytes()[:3_000])
    with pytest.raises(warehouse.WarehouseClosed, match=r"is damaged: remove it, then `mdm build`"):
        with warehouse.reading(tmp_path):
            pass


@pytest.mark.parametrize("command", ["build", "parse", "docs"])
def test_what_dbt_fails_at_is_told_alike_by_every_command(
    command: str, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "Encountered an error:\nCompilation Error: no such model"
    ended = subprocess.CompletedProcess[str]([], 1, stdout=said, stderr="")
    monkeypatch.setattr(warehouse.subprocess, "run", lambda *_, **__: ended)
    monkeypatch.setattr(cli.identity, "link", lambda *_: 0)
    monkeypatch.setattr(status, "export", lambda *_, **__: 1)
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setattr(sys, "argv", ["mdm", command])
    with pytest.raises(SystemExit) as failed:
        cli.main()
    told = capsys.readouterr().err
    assert (failed.value.code, told.count("\n")) == (1, 1)
    assert told.startswith("mdm: dbt failed: Compilation Error: no such model; more in ")


def test_of_a_lake_without_a_record_no_warehouse_is_built(tmp_path: Path, refusal: Refusal) -> None:
    sentence = "no source has ever given a record: there is nothing to build"
    assert refusal("build") == sentence
    assert of_last_run(tmp_path)[0].startswith("last run failed at mdm build, ")
    assert of_last_run(tmp_path)[0].endswith(sentence)
    assert not (tmp_path / "warehouse.duckdb").exists()


def of_last_run(data: Path) -> list[str]:
    """What `mdm status` says of the last run."""
    return status.last_run_in_words(records.last_run(data))


@pytest.mark.parametrize("command", ["build", "publish"])
def test_what_was_mended_by_hand_is_no_failed_run_any_more(
    command: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setattr(publication, "judge", lambda *_: Verdict(True, (), (), 0))
    monkeypatch.setattr(cli.identity, "link", lambda *_: 0)
    monkeypatch.setattr(cli.identity, "keep_former_logins", lambda *_: 0)
    monkeypatch.setattr(status, "export", lambda *_, **__: 1)
    at_work = list[str]()

    def build(data: Path, **_: bool) -> None:
        at_work.extend(of_last_run(data))

    monkeypatch.setattr(warehouse, "build", build)
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    records.note_run(place.data, noon, noon, ["warehouse: bad: Binder Error"])
    called(monkeypatch, command)
    assert of_last_run(place.data) == []
    assert [("it is at work" in one) for one in at_work] == [True] * (command == "build")


def test_publishing_goes_through_the_gate_and_back_to_an_earlier_version(
    place: Place, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    monkeypatch.setattr(publication, "judge", lambda *_: Verdict(True, (), (), 0))
    called(monkeypatch, "publish")
    first = publication.current_version(place.out)
    assert first is not None
    place.fill([*values()[1:], regional("southern_europe", 44)])
    called(monkeypatch, "publish")
    assert publication.versions(place.out)[0] == first.name
    assert publication.current_version(place.out) != first
    checks = records._rows(place.data / "raw" / "_pipeline", "checks")
    assert {row["layer"] for row in checks} == {"publish"}

    called(monkeypatch, "publish", "--back-to", first.name)
    assert publication.current_version(place.out) == first
    assert "not a whole published version" in refusal("publish", "--back-to", "20200101T000000Z-0")
    assert publication.current_version(place.out) == first


def test_a_refused_publication_says_why_and_leaves_the_former_version(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fill([*values(), value("mood", 1)])
    monkeypatch.setattr(sys, "argv", ["mdm", "publish"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "every value is of a declared metric" in capsys.readouterr().err
    assert publication.current_version(place.out) is None
    (judged, *_) = records._rows(place.data / "raw" / "_pipeline", "checks")
    assert judged["layer"] == "publish"
    assert of_last_run(place.data)[0].startswith("last run failed at mdm publish, ")
    assert "every value is of a declared metric" in of_last_run(place.data)[0]


def test_without_a_warehouse_nothing_is_published(refusal: Refusal) -> None:
    assert "not a dbt manifest" in refusal("publish")

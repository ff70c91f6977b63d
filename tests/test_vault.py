"""The vault keeps public handles, encrypted, and never an e-mail address."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import run
from pipelines.sources import SOURCES
from pipelines.sources.spec import Handle
from pipelines.vault import EXPIRY, Vault, VaultClosed

KEY = "a vault key for tests"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
CLOCKS = {"sumo": NOW}


def rows(vault: Vault) -> list[dict[str, object]]:
    found: list[dict[str, object]] = vault.read("a test").to_pylist()
    return found


def test_a_handle_is_found_again_and_the_newest_wins(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY, CLOCKS)
    vault.remember("sumo", [Handle("id", "p1", "ada", "Ada", "/user/ada/")], NOW)
    vault.remember("sumo", [Handle("id", "p1", "ada2"), Handle("id", "p2", "bo")], NOW + timedelta(days=1))
    one, two = rows(vault)
    assert (one["handle"], one["display_name"], two["handle"]) == ("ada2", None, "bo")
    assert (one["first_seen"], one["last_seen"]) == (NOW, NOW + timedelta(days=1))


def test_an_e_mail_address_never_gets_in(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY, CLOCKS)
    vault.remember("sumo", [Handle("id", "p1", "ada@example.org", "Ada <ada@example.org>", "/u/a@b")], NOW)
    assert [(row["handle"], row["display_name"], row["profile"]) for row in rows(vault)] == [
        (None, None, None)
    ]


def test_the_file_shows_no_handle_without_its_key(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY, CLOCKS)
    vault.remember("sumo", [Handle("id", f"p{n}", f"plainhandle{n}") for n in range(2_000)], NOW)
    assert b"plainhandle" not in (tmp_path / "vault.duckdb").read_bytes()
    with pytest.raises(VaultClosed, match="does not open with this MDM_VAULT_KEY"):
        Vault(tmp_path, "another key for tests").read("a test")


@pytest.mark.parametrize(
    ("bytes_left", "cause"), [(3_000, "Could not read enough bytes"), (0, "not a valid DuckDB database")]
)
def test_a_damaged_file_is_not_blamed_on_the_key(tmp_path: Path, bytes_left: int, cause: str) -> None:
    vault = Vault(tmp_path, KEY)
    vault.remember("sumo", [Handle("id", "p1", "ada")], NOW)
    path = tmp_path / "vault.duckdb"
    path.write_bytes(path.read_bytes()[:bytes_left])
    with pytest.raises(VaultClosed, match=cause) as closed:
        vault.read("a test")
    said = str(closed.value)
    assert "\n" not in said
    assert not any(word in said for word in ("MDM_VAULT_KEY", "attach", KEY))


def test_who_was_not_seen_for_long_is_dropped(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY, CLOCKS)
    vault.remember("sumo", [Handle("id", "p1", "ada")], NOW - EXPIRY - timedelta(days=1))
    vault.remember("sumo", [Handle("id", "p2", "bo")], NOW)
    assert [row["handle"] for row in rows(vault)] == ["bo"]


def test_every_read_is_written_down_without_a_handle(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY, CLOCKS)
    vault.remember("sumo", [Handle("id", "p1", "ada")], NOW)
    vault.read("account links")
    (note,) = map(json.loads, (tmp_path / "vault_reads.jsonl").read_text().splitlines())
    assert (note["purpose"], note["rows"]) == ("account links", 1)
    assert "ada" not in json.dumps(note)


def test_who_was_not_seen_for_long_is_never_read_and_goes_with_the_next_run(tmp_path: Path) -> None:
    """Each source by its own clock, ours where it has none: recorded handles are as old as their record."""
    Vault(tmp_path, KEY, {"sumo": NOW, "reps": NOW}).remember("sumo", [Handle("id", "p1", "ada")], NOW)
    Vault(tmp_path, KEY, {"sumo": NOW, "reps": NOW}).remember("reps", [Handle("id", "p2", "bo")], NOW)
    later = Vault(tmp_path, KEY, {"sumo": NOW + EXPIRY + timedelta(days=1), "reps": NOW})
    assert [row["handle"] for row in rows(later)] == ["bo"]
    assert len(rows(Vault(tmp_path, KEY, {"sumo": NOW, "reps": NOW}))) == 2
    later.expire()
    assert [row["handle"] for row in rows(Vault(tmp_path, KEY, {"sumo": NOW, "reps": NOW}))] == ["bo"]


def test_without_a_clock_of_its_own_a_source_goes_by_ours(tmp_path: Path) -> None:
    ages, today = (EXPIRY - timedelta(days=1), EXPIRY + timedelta(days=1)), datetime.now(UTC)
    for n, age in enumerate(ages):
        long_ago = Vault(tmp_path, KEY, {"sumo": today - age})
        long_ago.remember("sumo", [Handle("id", f"p{n}", f"ada{n}")], today - age)
    assert [row["handle"] for row in rows(Vault(tmp_path, KEY))] == ["ada0"]


def test_a_run_that_meets_nobody_removes_who_was_not_seen_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    monkeypatch.setenv("MDM_VAULT_KEY", KEY)
    Vault(tmp_path, KEY, CLOCKS).remember("sumo", [Handle("id", "p1", "ada")], NOW)
    run.begin(tmp_path, run.World("later", now={"sumo": (NOW + 2 * EXPIRY).isoformat()}))
    run.land_source(tmp_path, SOURCES["survey"], run_id="test")
    assert rows(Vault(tmp_path, KEY, CLOCKS)) == []

"""The vault keeps public handles, encrypted, and never an e-mail address."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.sources.spec import Handle
from pipelines.vault import EXPIRY, Vault, VaultClosed

KEY = "a vault key for tests"
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def rows(vault: Vault) -> list[dict[str, object]]:
    found: list[dict[str, object]] = vault.read("a test").to_pylist()
    return found


def test_a_handle_is_found_again_and_the_newest_wins(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.remember("sumo", [Handle("id", "p1", "ada", "Ada", "/user/ada/")], NOW)
    vault.remember("sumo", [Handle("id", "p1", "ada2"), Handle("id", "p2", "bo")], NOW + timedelta(days=1))
    one, two = rows(vault)
    assert (one["handle"], one["display_name"], two["handle"]) == ("ada2", None, "bo")
    assert (one["first_seen"], one["last_seen"]) == (NOW, NOW + timedelta(days=1))


def test_an_e_mail_address_never_gets_in(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.remember("sumo", [Handle("id", "p1", "ada@example.org", "Ada <ada@example.org>", "/u/a@b")], NOW)
    assert [(row["handle"], row["display_name"], row["profile"]) for row in rows(vault)] == [
        (None, None, None)
    ]


def test_the_file_shows_no_handle_without_its_key(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
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
    vault = Vault(tmp_path, KEY)
    vault.remember("sumo", [Handle("id", "p1", "ada")], NOW - EXPIRY - timedelta(days=1))
    vault.remember("sumo", [Handle("id", "p2", "bo")], NOW)
    assert [row["handle"] for row in rows(vault)] == ["bo"]


def test_every_read_is_written_down_without_a_handle(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.remember("sumo", [Handle("id", "p1", "ada")], NOW)
    vault.read("account links")
    (note,) = map(json.loads, (tmp_path / "vault_reads.jsonl").read_text().splitlines())
    assert (note["purpose"], note["rows"]) == ("account links", 1)
    assert "ada" not in json.dumps(note)

"""Erasing a person of whom only a history tells under which other name they were there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import identity
from pipelines.forget import forget, is_forgotten
from pipelines.lake import Lake, row_hashes, schema_of, write_parquet
from pipelines.privacy import pseudonym
from pipelines.sources import SOURCES

KEY = b"a key for tests only"
BUGZILLA = SOURCES["bugzilla"]
WHEN = datetime(2026, 6, 1, tzinfo=UTC)


def hashed(kind: str, value: object) -> str:
    return str(pseudonym(KEY, "bugzilla", kind, value))


NUMBER, TODAY, FORMER, OTHER = (
    hashed("id", 7), hashed("login", "ada@example.org"), hashed("login", "ada@old.example"),
    hashed("login", "bob@example.org"),
)  # fmt: skip


def stored(data: Path, name: str, *rows: dict[str, Any]) -> Path:
    """One file of a stream with these rows."""
    (stream,) = (one for one in BUGZILLA.streams if one.name == name)
    whole = [
        {
            "_key": "|".join(str(row[part]) for part in stream.key), "_version_at": WHEN, "_fetched_at": WHEN,
            "_batch_id": "20260601T000000000000-0000", "_is_deleted": False, "_row_hash": "", **row,
        }
        for row in rows
    ]  # fmt: skip
    table = pa.Table.from_pylist(whole, schema=schema_of(stream))
    place = table.schema.get_field_index("_row_hash")
    table = table.set_column(place, table.schema.field(place), row_hashes(table))
    path = Lake(data).folder("bugzilla", name) / "20260601T000000000000-0000.parquet"
    write_parquet(table, path)
    return path


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A lake in which Ada's account has today's log-in, and a bug's history tells of her former one."""
    Lake(tmp_path).prepare(BUGZILLA)
    stored(tmp_path, "users", {"account": NUMBER, "login": TODAY, "login_class": None})
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema intermediate")
        warehouse.execute("create table intermediate.int_identity__former_logins (login text, account text)")
        warehouse.execute(
            "insert into intermediate.int_identity__former_logins values ($1, $2), ('old of bob', 'bob')",
            [FORMER, NUMBER],
        )
    identity.snapshots(tmp_path)
    assert identity.keep_former_logins(tmp_path) == 2
    return stored(
        tmp_path,
        "changes",
        {"bug_id": 1, "change": "a", "when": WHEN, "who": FORMER, "field_name": "status"},
        {
            "bug_id": 1,
            "change": "b",
            "when": WHEN,
            "who": OTHER,
            "field_name": "assigned_to",
            "added": FORMER,
        },
    )


@pytest.mark.parametrize("name", ["ada@example.org", "ada@old.example", "7"])
def test_a_former_log_in_that_only_a_history_tells_of_goes_with_the_account(
    history: Path, tmp_path: Path, name: str
) -> None:
    receipt = forget(tmp_path, KEY, BUGZILLA, [name])
    assert (receipt.rows["bugzilla/changes"], receipt.rows["bugzilla/users"]) == (2, 1)
    told = str(pq.read_table(history).to_pylist())
    assert OTHER in told
    assert not [one for one in (NUMBER, TODAY, FORMER) if one in told]
    assert pq.read_table(identity.former_logins_path(tmp_path))["account"].to_pylist() == ["bob"]
    erased = is_forgotten(tmp_path, KEY, "bugzilla")
    assert erased is not None
    assert all(map(erased, (NUMBER, TODAY, FORMER)))
    assert not erased(OTHER)


def test_before_the_first_build_a_person_is_erased_by_what_the_lake_shows(
    history: Path, tmp_path: Path
) -> None:
    identity.former_logins_path(tmp_path).unlink()
    receipt = forget(tmp_path, KEY, BUGZILLA, ["ada@example.org"])
    assert (receipt.rows["bugzilla/changes"], receipt.rows["bugzilla/users"]) == (0, 1)

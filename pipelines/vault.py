"""The vault: the one place that knows public handles, encrypted with a key of its own.

    <data>/vault.duckdb         pseudonym -> handle, display name, profile, first and last seen
    <data>/vault_reads.jsonl    when how many rows were read, and what for; no handle in it

Never an e-mail address: whatever holds an `@` is left out. Rows not seen for `EXPIRY` are never read; every
run and every write removes them. Without a key there is no vault, and nothing else changes: links then rest
on hashes alone.
Not in here: who is linked with whom (`identity`), and which fields a source hands over (`Stream.handles`).
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.sources.spec import Handle, stamp

EXPIRY = timedelta(days=730)
TABLE = """
    create table if not exists vault.handles (
        source varchar not null, kind varchar not null, pseudonym varchar not null,
        handle varchar, display_name varchar, profile varchar,
        first_seen timestamptz not null, last_seen timestamptz not null
    )
"""
WRONG_KEY = "Wrong encryption key"
"""DuckDB's own words for it."""
EXPIRED = """
    (last_seen < coalesce(
        list_extract($before::timestamptz[], list_position($named::varchar[], source)), $ours::timestamptz
    ))
"""
TEXT_FIELDS = ("handle", "display_name", "profile")


class Vault:
    """One data folder's vault. Opened for each use and closed at once; one user at a time.

    clocks: what time (UTC) it is at a source; ours for those that are not named.
    """

    def __init__(self, data: Path, key: str, clocks: Mapping[str, datetime] | None = None) -> None:
        self.data, self._key, self._clocks = data, key, dict(clocks or {})

    def expire(self) -> None:
        """Remove who was not seen for long; what a run does also when it meets nobody."""
        if (self.data / "vault.duckdb").exists():
            with self._open() as connection:
                connection.execute(f"delete from vault.handles where {EXPIRED}", self._expiry())
                connection.execute("checkpoint vault")

    def _expiry(self) -> dict[str, object]:
        """The instants before which somebody must have been seen last to be `EXPIRED`."""
        return {
            "named": list(self._clocks),
            "before": [clock - EXPIRY for clock in self._clocks.values()],
            "ours": datetime.now(UTC) - EXPIRY,
        }

    def remember(self, source: str, handles: list[Handle], seen_at: datetime) -> None:
        """Write down or renew these handles; the newest wins. seen_at: UTC."""
        newest = {(one.kind, one.pseudonym): one for one in handles}
        if not newest:
            return
        rows = [
            {
                "source": source,
                "kind": kind,
                "pseudonym": pseudonym,
                **{name: _without_mail(getattr(one, name)) for name in TEXT_FIELDS},
            }
            for (kind, pseudonym), one in newest.items()
        ]
        with self._open() as connection:
            connection.register("seen", pa.Table.from_pylist(rows, schema=SEEN))
            connection.execute(
                """
                create temp table renewed as
                select
                    seen.*,
                    coalesce(known.first_seen, $at::timestamptz) as first_seen,
                    greatest(coalesce(known.last_seen, $at::timestamptz), $at::timestamptz) as last_seen
                from seen left join vault.handles as known using (source, kind, pseudonym)
                """,
                {"at": seen_at},
            )
            connection.execute("begin")
            connection.execute(
                "delete from vault.handles using seen where handles.source = seen.source"
                " and handles.kind = seen.kind and handles.pseudonym = seen.pseudonym"
            )
            connection.execute("insert into vault.handles select * from renewed")
            connection.execute(f"delete from vault.handles where {EXPIRED}", self._expiry())
            connection.execute("commit")

    def read(self, purpose: str, sources: Iterable[str] | None = None) -> pa.Table:
        """All handles (of these sources) that are not expired.

        purpose: one sentence, kept with the time and the rows read.
        """
        with self._open() as connection:
            found: pa.Table = connection.execute(
                f"select * from vault.handles where not {EXPIRED}"
                " and ($sources is null or source in (select unnest($sources)))"
                " order by source, kind, pseudonym",
                {**self._expiry(), "sources": list(sources) if sources is not None else None},
            ).to_arrow_table()
        note = {"at": stamp(datetime.now(UTC)), "purpose": purpose, "rows": found.num_rows}
        with (self.data / "vault_reads.jsonl").open("a") as log:
            log.write(json.dumps(note) + "\n")
        return found

    def forget(self, source: str, pseudonyms: Iterable[str]) -> int:
        """Remove these; returns how many rows went. Freed pages of the file stay encrypted until reused."""
        wanted = list(pseudonyms)
        with self._open() as connection:
            gone = connection.execute(
                "select count(*) from vault.handles where source = $1 and pseudonym in (select unnest($2))",
                [source, wanted],
            ).fetchone()
            connection.execute(
                "delete from vault.handles where source = $1 and pseudonym in (select unnest($2))",
                [source, wanted],
            )
            connection.execute(f"delete from vault.handles where {EXPIRED}", self._expiry())
            connection.execute("checkpoint vault")
        return int(gone[0]) if gone else 0

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        path = self.data / "vault.duckdb"
        with (self.data / "vault.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            options: dict[str, Any] = {
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
            with duckdb.connect(config=options) as connection:
                connection.execute("set timezone = 'UTC'")
                extension, quoted = (text.replace("'", "''") for text in (str(_openssl()), self._key))
                connection.execute(f"load '{extension}'")
                try:
                    connection.execute(f"attach '{path}' as vault (encryption_key '{quoted}')")
                except duckdb.Error as error:
                    cause = str(error).splitlines()[0]  # what follows may quote the query, and so the key
                    if WRONG_KEY in cause:
                        raise VaultClosed(f"{path} does not open with this MDM_VAULT_KEY.") from None
                    raise VaultClosed(f"{path} does not open: {cause}") from None
                connection.execute(TABLE)
                yield connection
                connection.execute("detach vault")
            path.chmod(0o600)


class VaultClosed(Exception):
    """The vault does not open: one sentence says whether it is for the key or for another cause."""


SEEN = pa.schema([(name, pa.string()) for name in ("source", "kind", "pseudonym", *TEXT_FIELDS)])


def _without_mail(value: str | None) -> str | None:
    return None if not value or "@" in value else value


def _openssl() -> Path:
    """DuckDB writes encrypted files with the OpenSSL of this extension, which comes as a package."""
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.rglob("httpfs.duckdb_extension"))

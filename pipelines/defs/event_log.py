"""Dagster's event log in SQLite files, as Dagster keeps it, with one engine and one connection a file.

Dagster's own makes an engine and a connection for every statement: SQLAlchemy compiles each one again, and
SQLite tidies the file up after each one. Of a run with 250 tables it takes 2.5 times as long. Files,
tables and their layout are the same, and each reads the other's. It is named in `dagster.yaml`, which
`pipelines/cli.py` writes. Not in here: runs and schedules, which are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine

KEPT_OPEN = 8
"""Files that stay open: the index, the run at work and some that somebody looks at."""


class EventLog(SqliteEventLogStorage):
    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> EventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """One transaction on a file (a run, or `index`). Its first one makes the file, as Dagster does."""
        if shard not in self._initialized_dbs:
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            engine = self._engines.get(shard) or self._open(shard)
            with engine.begin() as connection:
                yield connection

    def _open(self, shard: str) -> Engine:
        """An engine that keeps its one connection; only one transaction at a time reaches it."""
        engine = self._engines[shard] = create_engine(
            self.conn_string_for_shard(shard),
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
        )
        while len(self._engines) > KEPT_OPEN:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine

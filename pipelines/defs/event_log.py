"""Dagster's event log in SQLite files, as Dagster keeps it, with one engine a file.

Dagster's own makes an engine for every statement, so SQLAlchemy compiles each one again: of a run with 250
tables that is six seconds of work. Files, tables and their layout are the same, and each reads the other's.
Named in `dagster.yaml` (`pipelines/cli.py`). Not in here: runs and schedules, which are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, NullPool, create_engine

BUSY_SECONDS = 60
"""How long a statement waits for another process that writes to the same file."""


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
        engine = self._engines.get(shard)
        if engine is None:
            with super()._connect(shard) as connection:
                yield connection
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=NullPool,
                connect_args={"timeout": BUSY_SECONDS},
            )
            return
        with self._db_lock, engine.begin() as connection:
            yield connection

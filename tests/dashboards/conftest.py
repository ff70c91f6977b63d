"""Invented publications, and servers over them, for all tests of the pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from dashboards.app import create_app, server_of
from tests.dashboards.published import Invented, write

READ_AT = datetime(2026, 7, 2, 6)
"""The reader's clock in these tests: three hours after the invented publication."""


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication that tests only read."""
    folder = tmp_path_factory.mktemp("published")
    write(folder)
    return folder


@pytest.fixture(scope="session")
def half_known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but only 38 % of the people have a known region."""
    folder = tmp_path_factory.mktemp("half-known")
    write(folder, Invented(coverage=0.38))
    return folder


Serve = Callable[[Path], str]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Serve a folder as `mdm serve` does, on a free port; gives the address."""
    running = []

    def start(folder: Path) -> str:
        server = server_of(create_app(folder, now=lambda: READ_AT), "127.0.0.1", 0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.effective_port}"

    yield start
    for server, thread in running:
        server.trigger.pull_trigger(lambda here=server: here.asyncore.close_all(here._map))
        thread.join(10)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()

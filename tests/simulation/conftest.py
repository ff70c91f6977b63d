"""What the tests of the simulated sources share: recorded real answers and a generated community."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.simulation.generator import Truth, generate
from pipelines.simulation.recorded import read_world
from pipelines.simulation.servers.http_server import Handler, Response, parse_head
from pipelines.simulation.world import World

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "recorded"

Load = Callable[[str], Any]


@pytest.fixture(scope="session")
def recorded() -> Load:
    """Reads one recorded JSON file, e.g. `sumo/live_api/user_helper.json`."""
    if not RECORDED.is_dir():
        pytest.skip("the recorded answers (../shared/recorded) are not here")
    return lambda name: json.loads((RECORDED / name).read_text())


@pytest.fixture(scope="session")
def community() -> tuple[World, Truth]:
    return generate("small", 1)


@pytest.fixture(scope="session")
def world(community: tuple[World, Truth]) -> World:
    return community[0]


@pytest.fixture(scope="session")
def truth(community: tuple[World, Truth]) -> Truth:
    return community[1]


def names(pattern: str, *but: str) -> list[Any]:
    """Recorded files by pattern, without those whose name starts with one of `but`; one skip without any."""
    found = sorted(path.relative_to(RECORDED).as_posix() for path in RECORDED.glob(pattern))
    kept = [name for name in found if not name.rpartition("/")[2].startswith(but)]
    return kept or [pytest.param("", marks=pytest.mark.skip("the recorded answers are not here"))]


def ask(
    handler: Handler, target: str, method: str = "GET", host: str = "x.example", **headers: str
) -> Response:
    """Ask a handler as the wire would."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = parse_head("\r\n".join(lines), "http://x.example")
    assert request is not None
    return handler(request)


def body(response: Response) -> Any:
    return json.loads(response.body)


@pytest.fixture(scope="session")
def recorded_world() -> World:
    """The world of ../shared/recorded, read once."""
    if not RECORDED.is_dir():
        pytest.skip("the recorded data (../shared/recorded) is not here")
    return read_world(RECORDED)

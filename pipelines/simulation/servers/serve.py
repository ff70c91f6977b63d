"""All simulated sources at once: one server each, a control page on each, faults when asked for.

`serve(world)` is what tests and the main job use; `python -m pipelines.simulation` wraps it. What a source
answers is in its own module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType

from pipelines.simulation.servers import bugzilla, discourse, pontoon, reps, sumo
from pipelines.simulation.servers.faults import Fault, Weather, parse_faults, parse_seed, with_faults
from pipelines.simulation.servers.http_server import Handler, Request, Response, Server, answer_json
from pipelines.simulation.servers.limits import LIMITS
from pipelines.simulation.servers.living import Living
from pipelines.simulation.world import SOURCES, Record, World

CONTROL_PAGE = "/simulation"


INTERFACES: dict[str, Callable[[World, datetime], Handler]] = {
    "bugzilla": lambda world, now: bugzilla.interface(world.bugzilla, now),
    "pontoon": lambda world, _now: pontoon.interface(world.pontoon),
    "sumo": lambda world, now: sumo.interface(world.sumo, now),
    "reps": lambda world, _now: reps.interface(world.reps),
    "discourse": lambda world, _now: discourse.interface(world.discourse),
}
"""Every source's interface over its part of a world, without control page and faults."""


@dataclass
class Servers:
    """Running servers: `roots` maps a source to its address. Close it, or use it as a context manager.

    living: each source's world, which tests may change. requests: the paths asked of each source, in order.
    """

    roots: dict[str, str] = field(default_factory=dict)
    living: dict[str, Living] = field(default_factory=dict)
    requests: dict[str, list[str]] = field(default_factory=dict)
    _servers: list[Server] = field(default_factory=list)
    _weather: list[Weather] = field(default_factory=list)

    def records(self, source: str, stream: str) -> dict[str, Record]:
        """What a perfect reader would hold of a stream now, by key."""
        return self.living[source].records(stream)

    def advance(self, by: timedelta) -> None:
        """Let time pass on every clock."""
        for living in self.living.values():
            living.advance(by)

    def calm(self) -> None:
        """No more faults by chance: the world stays as it is now."""
        for weather in self._weather:
            weather.calm = True

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(
    world: World,
    port: int = 0,
    faults: str = "",
    *,
    latency_ms: float = 0.0,
    connections: int | None = None,
    limits: Collection[str] = (),
) -> Servers:
    """Serve every source on its own port of 127.0.0.1: `port` and the next ones, or any free ones for 0.

    faults: see `faults.py`. latency_ms, connections: see `Server`. limits: sources that keep their program's
    own limiter (`limits.py`). Raises ValueError for a wrong fault, OSError when a port is taken.
    """
    seed = parse_seed(faults)
    wanted: list[Fault] = [] if seed is not None else parse_faults(faults)
    running = Servers()
    try:
        for place, (source, interface) in enumerate(INTERFACES.items()):
            living = Living(world, source, interface)
            weather = Weather(living, seed) if seed is not None else None
            handler = weather.handle if weather else with_faults(living, wanted)
            if source in limits:
                handler = LIMITS[source](handler, time.monotonic)
            running._weather += [weather] if weather else []
            running.living[source], running.requests[source] = living, []
            answering = controlled(world, living, handler, running.requests[source])
            now = partial(getattr, living, "clock")
            number = port + place if port else 0
            server = Server(answering, number, now, latency_ms / 1000, connections)
            running._servers.append(server)
            running.roots[source] = server.root
    except OSError:
        running.close()
        raise
    assert tuple(running.roots) == SOURCES
    return running


def controlled(world: World, living: Living, handler: Handler, asked: list[str]) -> Handler:
    """The handler with the control page, which is no part of the interface, never broken and not counted."""
    source = living.source
    since = world.since[source]
    page = {
        "world": world.name,
        "source": source,
        "since": since.isoformat() if since else None,
        "set_aside": [
            {"input_set": one.input_set, "reason": one.reason, "records": one.records}
            for one in world.set_aside
            if one.source == source
        ],
    }

    def handle(request: Request) -> Response:
        if request.path == CONTROL_PAGE:
            return answer_json({**page, "now": living.clock.isoformat()})
        asked.append(request.path)
        return handler(request)

    return handle

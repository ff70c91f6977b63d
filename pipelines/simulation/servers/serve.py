"""All simulated sources at once: one server each, a control page on each, faults when asked for.

`serve(world)` is what tests and the main job use; `python -m pipelines.simulation` wraps it. What a source
answers is in its own module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType

from pipelines.simulation.servers import bugzilla, pontoon, reps, sumo
from pipelines.simulation.servers.faults import Fault, parse_faults, with_faults
from pipelines.simulation.servers.http_server import Handler, Request, Response, Server, answer_json
from pipelines.simulation.world import SOURCES, World

CONTROL_PAGE = "/simulation"


@dataclass
class Servers:
    """Running servers: `roots` maps a source to its address. Close it, or use it as a context manager."""

    roots: dict[str, str]
    _servers: list[Server] = field(default_factory=list)

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def handlers(world: World) -> dict[str, Handler]:
    """Every source's interface over its part of the world, without control page and faults."""
    return {
        "bugzilla": bugzilla.interface(world.bugzilla, world.now["bugzilla"]),
        "pontoon": pontoon.interface(world.pontoon),
        "sumo": sumo.interface(world.sumo, world.now["sumo"]),
        "reps": reps.interface(world.reps),
    }


def serve(world: World, port: int = 0, faults: str = "") -> Servers:
    """Serve every source on its own port of 127.0.0.1: `port` and the next ones, or any free ones for 0.

    faults: see `faults.py`. Raises ValueError for a wrong fault, OSError when a port is taken.
    """
    wanted: list[Fault] = parse_faults(faults)
    running = Servers({})
    try:
        for place, (source, handler) in enumerate(handlers(world).items()):
            answering = controlled(world, source, with_faults(source, handler, wanted))
            server = Server(answering, port + place if port else 0, world.now[source])
            running._servers.append(server)
            running.roots[source] = server.root
    except OSError:
        running.close()
        raise
    assert tuple(running.roots) == SOURCES
    return running


def controlled(world: World, source: str, handler: Handler) -> Handler:
    """The handler with the control page, which is no part of the interface and never broken."""
    since = world.since[source]
    page = {
        "world": world.name,
        "source": source,
        "since": since.isoformat() if since else None,
        "now": world.now[source].isoformat(),
        "set_aside": [
            {"input_set": one.input_set, "reason": one.reason, "records": one.records}
            for one in world.set_aside
            if one.source == source
        ],
    }

    def handle(request: Request) -> Response:
        return answer_json(page) if request.path == CONTROL_PAGE else handler(request)

    return handle

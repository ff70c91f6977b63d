"""A loopback server that answers from a script: for faults that no well-behaved server shows.

Not in here: simulated sources (`pipelines/simulation/servers`), which speak whole interfaces.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipelines.sources.http import Client
from pipelines.sources.spec import Pace, Source

NOW = "Wed, 01 Jul 2026 06:00:00 GMT"


@dataclass
class Reply:
    """One answer: JSON unless `raw` is given; `cut` bytes are missing at its end. halfway_s: so many seconds
    pass between the first half of its body and the rest."""

    body: Any = None
    status: int = 200
    raw: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    halfway_s: float = 0.0


@contextmanager
def scripted(answer: Callable[[str, int], Reply]) -> Iterator[tuple[str, list[str]]]:
    """Serve `answer(path, number of the request from 1)`; yields the root and the list of paths asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            reply = answer(self.path, len(asked))
            content = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
            self.send_response_only(reply.status)
            self.send_header("Date", NOW)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(content)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            sent = content[: len(content) - reply.cut]
            half = len(sent) // 2 if reply.halfway_s else len(sent)
            self.wfile.write(sent[:half])
            time.sleep(reply.halfway_s)
            with contextlib.suppress(ConnectionError):  # whoever asked may not have waited
                self.wfile.write(sent[half:])
            if reply.cut:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def invented_source(**changes: Any) -> Source:
    """A source of no system, for the client's own rules."""
    values: dict[str, Any] = {
        "name": "invented",
        "title": "Invented",
        "base_url": "https://invented.example",
        "opened_on": date(2020, 1, 1),
        "grace": timedelta(0),
        "pace": Pace(per_minute=600, connections=2),
        "feeds": (),
    }
    return Source(**values | changes)


def client_of(
    root: str, source: Source | None = None, *, paced: bool = False, slept: list[float] | None = None
) -> Client:
    """A client that notes its pauses in `slept` instead of waiting; its clock stands still."""
    pauses = slept if slept is not None else []
    return Client(
        source or invented_source(),
        root,
        user_agent="tests",
        paced=paced,
        sleep=pauses.append,
        clock=lambda: 0.0,
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

"""A small, fast HTTP/1.1 server for loopback, and the vocabulary of its handlers.

Keep-alive, one thread a connection, gzip for clients that take it, no TLS, no chunked bodies: enough to stand
in for a web interface at several thousand requests a second. Handlers are pure functions from `Request` to
`Response`; what they answer is told in the interfaces' own modules. Not a server for a public network.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

log = logging.getLogger(__name__)

LARGEST_HEAD = 64 * 1024
SMALLEST_PACKED = 200
"""Bytes from which on a body is packed, as Django does it."""
JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One request: path and parameters decoded, header names in small letters, root without a final slash."""

    method: str
    path: str
    params: Params = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    root: str = "http://127.0.0.1"

    def last(self, name: str) -> str | None:
        """The last value given for a parameter, as Django reads it; None when it was not given."""
        return next((value for key, value in reversed(self.params) if key == name), None)

    def all(self, name: str) -> list[str]:
        """Every value given for a parameter, in order."""
        return [value for key, value in self.params if key == name]


@dataclass(frozen=True)
class Response:
    """One answer. `sent_share`: so much of the body is sent, then the connection closes; None: all of it.

    `hang_up`: nothing is sent at all, the connection just closes.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    sent_share: float | None = None
    hang_up: bool = False
    reset: bool = False
    after_s: float = 0.0


Handler = Callable[[Request], Response]


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8, as the real interfaces write it."""
    return _COMPACT.encode(value).encode()


def answer_json(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, dump(value), JSON, headers)


def html(status: int, title: str) -> Response:
    """An error page for people, which is what the interfaces answer outside their JSON paths."""
    head = f'<!doctype html>\n<html lang="en"><head><title>{title}</title></head>'
    return Response(status, f"{head}<body><h1>{title}</h1></body></html>".encode(), HTML)


def moved(location: str, status: int) -> Response:
    return Response(status, b"", HTML, (("Location", location),))


# --- Lists by page, as Django REST framework answers them --------------------------------------


def page_number(given: str | None, pages: int) -> int | None:
    """The page asked for: a number from 1 to `pages`, or the word `last`; None when there is no such page."""
    if given is None:
        return 1
    if given == "last":
        return pages
    number = int(given) if given.isascii() and given.strip().isdigit() else 0
    return number if 1 <= number <= pages else None


def page_link(request: Request, page: int) -> str:
    """The address of another page: parameters in alphabetical order, no `page` for the first one."""
    given: dict[str, list[str]] = {}
    for name, value in request.params:
        given.setdefault(name, []).append(value)
    given.pop("page", None)
    if page > 1:
        given["page"] = [str(page)]
    query = urlencode(sorted(given.items()), doseq=True)
    return f"{request.root}{request.path}{'?' + query if query else ''}"


def envelope(request: Request, rows: list[bytes], count: int, page: int, pages: int) -> Response:
    """`{count, next, previous, results}` around rows that are already JSON."""
    following = dump(page_link(request, page + 1)) if page < pages else b"null"
    before = dump(page_link(request, page - 1)) if page > 1 else b"null"
    body = b'{"count":%d,"next":%b,"previous":%b,"results":[%b]}' % (
        count,
        following,
        before,
        b",".join(rows),
    )
    return Response(200, body)


# --- The server --------------------------------------------------------------------------------


class Server:
    """One interface on one port of 127.0.0.1, answering until `close`.

    port 0 takes any free port. now: the source's clock, sent as `Date` with every answer.
    latency_s: no answer is given earlier after its request than this; connections: so many requests are
    worked on at a time, the others wait. Both are for benchmarks. Raises OSError when the port is taken.
    """

    def __init__(
        self,
        handler: Handler,
        port: int,
        now: Callable[[], datetime],
        latency_s: float = 0.0,
        connections: int | None = None,
    ) -> None:
        self._handler, self._now, self._latency_s = handler, now, latency_s
        self._turns = threading.Semaphore(connections) if connections else contextlib.nullcontext()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.root = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, name=f"serve {self.root}", daemon=True).start()

    def close(self) -> None:
        """Stop listening and close every connection."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        """Answer one request after the other until either side closes."""
        waiting = bytearray()
        try:
            while self._one(connection, waiting):
                pass
        except OSError:
            log.debug("a client closed its connection in mid-answer")
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _one(self, connection: socket.socket, waiting: bytearray) -> bool:
        """Read one request and answer it; False when the connection must be closed."""
        end = waiting.find(b"\r\n\r\n")
        while end < 0:
            received = connection.recv(LARGEST_HEAD)
            if not received or len(waiting) > LARGEST_HEAD:
                return False
            waiting += received
            end = waiting.find(b"\r\n\r\n")
        head = bytes(waiting[:end]).decode("latin-1")
        del waiting[: end + 4]
        request = parse_head(head, self.root)
        if request is None:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        length = int(request.headers.get("content-length") or 0)
        while len(waiting) < length:
            received = connection.recv(LARGEST_HEAD)
            if not received:
                return False
            waiting += received
        del waiting[:length]
        with self._turns:
            due = time.monotonic() + self._latency_s
            response = self._answer(request)
            time.sleep(max(0.0, due - time.monotonic()))
        if response.hang_up:
            return False
        keep = request.headers.get("connection", "").lower() != "close" and response.sent_share is None
        time.sleep(response.after_s)
        connection.sendall(self._written(request, response, keep))
        if response.reset:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return keep

    def _answer(self, request: Request) -> Response:
        try:
            return self._handler(request)
        except Exception:
            log.exception("the simulated server failed on %s %s", request.method, request.path)
            return html(500, "Server Error")

    def _written(self, request: Request, response: Response, keep: bool) -> bytes:
        date = format_datetime(self._now(), usegmt=True)
        body, headers = response.body, response.headers
        if len(body) >= SMALLEST_PACKED and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers = (*headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = (
            f"HTTP/1.1 {response.status} {_reason(response.status)}\r\nDate: {date}\r\n"
            f"Content-Type: {response.content_type}\r\nContent-Length: {len(body)}\r\n"
            f"{extra}{'' if keep else 'Connection: close' + chr(13) + chr(10)}\r\n"
        )
        sent = len(body) if response.sent_share is None else int(len(body) * response.sent_share)
        return head.encode("latin-1") + (b"" if request.method == "HEAD" else body[:sent])


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def parse_head(head: str, root: str) -> Request | None:
    """The head of an HTTP/1.1 request; None when it is not one. `root` is used when no host is named."""
    first, _, rest = head.partition("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        return None
    headers = {}
    for line in rest.split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    path, _, query = parts[1].partition("?")
    return Request(
        method=parts[0],
        path=unquote(path),
        params=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        root=f"http://{headers['host']}" if headers.get("host") else root,
    )

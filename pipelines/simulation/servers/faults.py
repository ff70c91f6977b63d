"""Faults on demand: what a source does on a bad day, at a request that can be named.

`--faults sumo.html@3,reps.down,pontoon.http500@2+` is a list of `source.fault`, then when:

    (nothing)   every request
    @N          one request: the N-th, or the first after it whose answer the fault can break
    @N+         the N-th request and all after it

Requests are counted by source, from 1, control page left out; a repeated request counts again, so a fault
`@N` that the client retries is healed. Faults:

    down          the connection is closed without an answer
    html          200, `text/html`
    empty         the list of records is empty, though its envelope's count is not
    truncate      the body is cut in the middle of what its Content-Length promises
    type          one field of the first record has another JSON type
    http500       500, `text/html`
    throttle      the source's own refusal: Bugzilla 429 HTML without Retry-After, Pontoon 429 HTML with
                  `Retry-After: 600`, SUMO and Reps 429 HTML with `Retry-After: 1`
    unknown_user  the person in the first record that has one comes in another form

Only breaks answers; what a right answer is, the interfaces' own modules say.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipelines.simulation.servers.http_server import HTML, Handler, Request, Response, dump, html
from pipelines.simulation.world import SOURCES

Break = Callable[[str, Response], Response | None]
"""(source, right answer) -> broken answer, None when there is nothing in it to break."""


@dataclass(frozen=True)
class Fault:
    """One fault of one source. at None: every request; `onwards`: also all after `at`."""

    source: str
    kind: str
    at: int | None = None
    onwards: bool = False


def parse_faults(spec: str) -> list[Fault]:
    """`sumo.html@3,reps.down` -> faults. Raises ValueError with a sentence that names the wrong part."""
    found = []
    for part in filter(None, (part.strip() for part in spec.split(","))):
        match = re.fullmatch(r"(\w+)\.(\w+)(?:@(\d+)(\+?))?", part)
        if match is None:
            raise ValueError(
                f"'{part}' is not a fault: write source.fault, source.fault@N or source.fault@N+."
            )
        source, kind, at, onwards = match.groups()
        if source not in SOURCES:
            raise ValueError(f"'{part}': no source '{source}'; there are {', '.join(SOURCES)}.")
        if kind not in BREAKS:
            raise ValueError(f"'{part}': no fault '{kind}'; there are {', '.join(sorted(BREAKS))}.")
        if at == "0":
            raise ValueError(f"'{part}': requests are counted from 1.")
        found.append(Fault(source, kind, int(at) if at else None, bool(onwards)))
    return found


def with_faults(source: str, handler: Handler, faults: list[Fault]) -> Handler:
    """The same handler, broken where the faults of this source say so."""
    own = [fault for fault in faults if fault.source == source]
    if not own:
        return handler
    lock = threading.Lock()
    asked = 0
    done: set[Fault] = set()

    def handle(request: Request) -> Response:
        nonlocal asked
        response = handler(request)
        with lock:
            asked += 1
            for fault in own:
                if fault in done or (fault.at is not None and asked < fault.at):
                    continue
                broken = BREAKS[fault.kind](source, response)
                if broken is not None:
                    if fault.at is not None and not fault.onwards:
                        done.add(fault)
                    return broken
        return response

    return handle


# --- How each fault breaks an answer -------------------------------------------------------------


def _down(_source: str, _response: Response) -> Response:
    return Response(hang_up=True)


def _html(_source: str, _response: Response) -> Response:
    return html(200, "We will be back soon")


def _http500(_source: str, _response: Response) -> Response:
    return html(500, "Server Error")


def _throttle(source: str, _response: Response) -> Response:
    wait: dict[str, tuple[tuple[str, str], ...]] = {
        "bugzilla": (),
        "pontoon": (("Retry-After", "600"),),
        "sumo": (("Retry-After", "1"),),
        "reps": (("Retry-After", "1"),),
    }
    page = html(429, "Too Many Requests")
    return Response(429, page.body, HTML, wait[source])


def _truncate(_source: str, response: Response) -> Response:
    return replace(response, sent_bytes=len(response.body) // 2)


def _empty(_source: str, response: Response) -> Response | None:
    body = _parsed(response)
    name = _list_name(body)
    if name is None or not body[name]:
        return None
    return replace(response, body=dump({**body, name: []}))


def _type(_source: str, response: Response) -> Response | None:
    body = _parsed(response)
    for record in _records(body):
        for name in TYPED:
            value = record.get(name)
            if isinstance(value, str):
                record[name] = len(value)
            elif isinstance(value, int) and not isinstance(value, bool):
                record[name] = str(value)
            else:
                continue
            return replace(response, body=dump(body))
    return None


def _unknown_user(_source: str, response: Response) -> Response | None:
    body = _parsed(response)
    for record in _records(body):
        for name in PERSONS:
            person = record.get(name)
            if person:
                record[name] = {"id": 0} if isinstance(person, str) else ["someone"]
                return replace(response, body=dump(body))
    return None


TYPED = ("created", "creation_time", "date", "date_joined", "population", "priority", "start", "report_date",
         "date_joined_program")  # fmt: skip
"""Fields that every record of some stream has; text becomes a number, a number becomes text."""

PERSONS = ("creator", "user", "owner", "mentor", "username")


def _parsed(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        return None


def _list_name(body: Any) -> str | None:
    """The name under which an answer lists its records."""
    names = ("results", "bugs", "actions")
    return next((n for n in names if isinstance(body, dict) and isinstance(body.get(n), list)), None)


def _records(body: Any) -> Iterator[dict[str, Any]]:
    """The records of an answer: those it lists, or itself when it lists none."""
    name = _list_name(body)
    rows = body[name] if name else [body]
    return (row for row in rows if isinstance(row, dict))


BREAKS: dict[str, Break] = {
    "down": _down,
    "html": _html,
    "empty": _empty,
    "truncate": _truncate,
    "type": _type,
    "http500": _http500,
    "throttle": _throttle,
    "unknown_user": _unknown_user,
}

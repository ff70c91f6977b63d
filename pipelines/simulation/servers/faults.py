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
                  `Retry-After: 600`, Discourse's front end 429 in plain text with `Retry-After: 1` and the
                  name of its rule, the others 429 HTML with `Retry-After: 1`
    busy          Discourse's other refusal, by the program itself: 429 JSON, whose `wait_seconds` are more
                  than its `Retry-After`
    turned_away   Pontoon's front end: 403 in HTML; a refusal of the program is 403 in JSON
    unacceptable  Pontoon's front end: 406 in HTML
    unknown_user  the person in the first record that has one comes in another form

    reset         the connection is reset in the middle of the body
    slow          the body comes after a pause, whole
    moving        before the answer: a row changes and moves
    late          before the answer: something arrives that is dated long ago
    erase         before the answer: something or somebody is deleted in the source's manner
    hide          before the answer: a bug goes private, or into a group that we see into
    rename        before the answer: somebody changes the name under which the source shows them

`all@SEED` stands for every fault of every source at requests drawn from the seed; blocks are rare, and a
request that was broken is answered when it is repeated.

Only breaks answers; what a right answer is, the interfaces' own modules say, and what happens to the
world `living.py` does.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipelines.simulation.servers.http_server import (
    HTML,
    TEXT,
    Handler,
    Request,
    Response,
    answer_json,
    dump,
    html,
)
from pipelines.simulation.servers.limits import SLOW_DOWN
from pipelines.simulation.servers.living import EVENTS, Living
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

    def falls_on(self, request: int) -> bool:
        """Whether it falls on the request of this number, as far as numbers decide."""
        return self.at is None or request == self.at or (self.onwards and request > self.at)


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
        if kind not in BREAKS and kind not in EVENTS:
            known = ", ".join(sorted({*BREAKS, *EVENTS}))
            raise ValueError(f"'{part}': no fault '{kind}'; there are {known}.")
        if at == "0":
            raise ValueError(f"'{part}': requests are counted from 1.")
        found.append(Fault(source, kind, int(at) if at else None, bool(onwards)))
    return found


def parse_seed(spec: str) -> int | None:
    """`all@7` -> 7: every fault by chance; None for anything else."""
    match = re.fullmatch(r"all@(\d+)", spec.strip())
    return int(match.group(1)) if match else None


def with_faults(living: Living, faults: list[Fault]) -> Handler:
    """The interface of a source, broken where the faults of this source say so."""
    source, handler = living.source, living.handle
    own = [fault for fault in faults if fault.source == source]
    if not own:
        return handler
    chance = np.random.default_rng([len(source), 5])
    lock = threading.Lock()
    asked = 0
    done: set[Fault] = set()

    def handle(request: Request) -> Response:
        nonlocal asked
        with lock:
            asked += 1
            for fault in own:
                if fault.kind in EVENTS and fault.falls_on(asked):
                    living.happen(fault.kind, chance)
        response = handler(request)
        with lock:
            for fault in own:
                if fault.kind in EVENTS or fault in done or (fault.at is not None and asked < fault.at):
                    continue
                broken = BREAKS[fault.kind](source, response)
                if broken is not None:
                    if fault.at is not None and not fault.onwards:
                        done.add(fault)
                    return broken
        return response

    return handle


CHANCES = {
    "http500": 0.02,
    "truncate": 0.01,
    "reset": 0.01,
    "down": 0.01,
    "slow": 0.01,
    "html": 0.004,
    "type": 0.003,
    "empty": 0.003,
    "unknown_user": 0.003,
    "throttle": 0.002,
    "busy": 0.01,
    "turned_away": 0.0005,
    "unacceptable": 0.0005,
}
"""How often each fault falls on a request when all are on."""

EVENT_SHARES = {"bugzilla": 0.6, "sumo": 0.04, "pontoon": 0.005, "reps": 0.03, "discourse": 0.05}
"""How often something happens before a request: a source that is asked seldom is asked for more at once."""


class Weather:
    """Every fault of one source by chance, until `calm`; the same seed draws the same faults."""

    def __init__(self, living: Living, seed: int) -> None:
        self.living, self.calm = living, False
        self._chance = np.random.default_rng([seed, len(living.source)])
        self._lock = threading.Lock()
        self._broken: set[tuple[str, tuple[tuple[str, str], ...]]] = set()

    def handle(self, request: Request) -> Response:
        if self.calm:
            return self.living.handle(request)
        with self._lock:
            shares = {**CHANCES, **dict.fromkeys(EVENTS, EVENT_SHARES[self.living.source])}
            falls = [kind for kind, share in shares.items() if self._chance.random() < share]
            for kind in falls:
                if kind in EVENTS:
                    self.living.happen(kind, self._chance)
            response = self.living.handle(request)
            asked = (request.path, request.params)
            if asked in self._broken:
                self._broken.discard(asked)
                return response
            for kind in falls:
                broken = BREAKS[kind](self.living.source, response) if kind in BREAKS else None
                if broken is not None:
                    self._broken.add(asked)
                    return broken
        return response


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
    if source == "discourse":
        told = (("Retry-After", "1"), ("Discourse-Rate-Limit-Error-Code", "ip_10_secs_limit"))
        return Response(429, SLOW_DOWN, TEXT, told)
    page = html(429, "Too Many Requests")
    return Response(429, page.body, HTML, wait[source])


def _busy(source: str, _response: Response) -> Response | None:
    if source != "discourse":
        return None
    body = {
        "errors": ["You've performed this action too many times, please try again later."],
        "error_type": "rate_limit",
        "extras": {"wait_seconds": 1, "time_left": "1 second"},
    }
    return replace(answer_json(body, 429), headers=(("Retry-After", "0"),))


def _at_the_front(status: int, title: str) -> Break:
    """A page of the front end of Pontoon, which no other source has."""
    return lambda source, _response: html(status, title) if source == "pontoon" else None


def _truncate(_source: str, response: Response) -> Response:
    return replace(response, sent_share=1 / 2)


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

PERSONS = ("creator", "user", "owner", "mentor", "username", "setter")


def _parsed(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        return None


def _list_name(body: Any) -> str | None:
    """The name under which an answer lists its records."""
    names = ("results", "bugs", "actions", "products")
    return next((n for n in names if isinstance(body, dict) and isinstance(body.get(n), list)), None)


def _records(body: Any) -> Iterator[dict[str, Any]]:
    """The records of an answer: those it lists, or itself when it lists none."""
    name = _list_name(body)
    rows = body[name] if name else body if isinstance(body, list) else [body]
    return (row for row in rows if isinstance(row, dict))


def _reset(_source: str, response: Response) -> Response:
    return replace(response, sent_share=1 / 3, reset=True)


def _slow(_source: str, response: Response) -> Response:
    return replace(response, after_s=SLOW_S)


SLOW_S = 0.2
"""How long a slow body takes here: enough to be noticed, little enough for tests."""


BREAKS: dict[str, Break] = {
    "reset": _reset,
    "slow": _slow,
    "down": _down,
    "html": _html,
    "empty": _empty,
    "truncate": _truncate,
    "type": _type,
    "http500": _http500,
    "throttle": _throttle,
    "unknown_user": _unknown_user,
    "busy": _busy,
    "turned_away": _at_the_front(403, "Forbidden"),
    "unacceptable": _at_the_front(406, "Not Acceptable"),
}

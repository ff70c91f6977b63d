"""How the real programs limit who asks too much, counted for one address: ours.

Bugzilla (anonymous only): 75 requests in 60 seconds of single bugs, of comments, and of attachments, each
counted for itself. The first one too many is an error like any other (400, code 32000); from then on every
path answers 429 in HTML without a `Retry-After` for an hour, and each request during it starts the hour anew.
Pontoon: so many requests, then 429 in HTML with `Retry-After: 600`. Every request keeps its window alive: it
begins anew only after 60 seconds without any, however slowly one asked before; its ten minutes do not.

Discourse: 50 requests in 10 seconds and 200 in a minute, refused ones counted; over that 429 in plain text
with the seconds to wait in `Retry-After` and the name of the rule.

They are on only where they are asked for (`mdm simulate --limits`, `serve(..., limits=...)`): a first load
behind them takes as long as with the real systems. Clocks are seconds. Not in here: faults (`faults.py`), our
own pace.
"""

from __future__ import annotations

import math
import re
import threading
from collections import deque
from collections.abc import Callable

from pipelines.simulation.servers.http_server import (
    HTML,
    TEXT,
    Handler,
    Request,
    Response,
    answer_json,
    html,
)

Clock = Callable[[], float]

LIMITED = (
    ("get_bug", re.compile(r"/rest/bug/\d+/?")),
    ("get_comments", re.compile(r"/rest/bug/\d+/comment/?")),
    ("get_attachments", re.compile(r"/rest/bug/\d+/attachment/?")),
)
BUGZILLA_REQUESTS, BUGZILLA_WINDOW_S, BUGZILLA_BLOCK_S = 75, 60.0, 3600.0
PONTOON_REQUESTS, PONTOON_SILENCE_S, PONTOON_BLOCK_S = 300, 60.0, 600.0
DISCOURSE_RULES = ((50, 10.0, "ip_10_secs_limit"), (200, 60.0, "ip_60_secs_limit"))
"""Requests, in so many seconds, and what the rule is called."""
SLOW_DOWN = b"Slow down, too many requests from this IP address.\n"
TOO_MANY = "You have exceeded the rate limit. Please wait before trying again."


def limited_bugzilla(handler: Handler, clock: Clock) -> Handler:
    """The same interface behind Bugzilla's own limiter."""
    lock = threading.Lock()
    asked: dict[str, deque[float]] = {name: deque() for name, _ in LIMITED}
    blocked_until = float("-inf")

    def handle(request: Request) -> Response:
        nonlocal blocked_until
        with lock:
            now = clock()
            if now < blocked_until:
                blocked_until = now + BUGZILLA_BLOCK_S
                return Response(429, html(429, "Too Many Requests").body, HTML)
            name = next((name for name, path in LIMITED if path.fullmatch(request.path)), None)
            if name is not None and "x-bugzilla-api-key" not in request.headers:
                times = asked[name]
                while times and times[0] <= now - BUGZILLA_WINDOW_S:
                    times.popleft()
                if len(times) >= BUGZILLA_REQUESTS:
                    blocked_until = now + BUGZILLA_BLOCK_S
                    return answer_json({"error": True, "code": 32000, "message": TOO_MANY}, 400)
                times.append(now)
        return handler(request)

    return handle


def limited_pontoon(handler: Handler, clock: Clock, most: int = PONTOON_REQUESTS) -> Handler:
    """The same interface behind Pontoon's own throttle. most: requests that are answered."""
    lock = threading.Lock()
    count, last, blocked_until = 0, float("-inf"), float("-inf")

    def handle(request: Request) -> Response:
        nonlocal count, last, blocked_until
        with lock:
            now = clock()
            if now >= blocked_until:
                if now - last > PONTOON_SILENCE_S:
                    count = 0
                count, last = count + 1, now
                if count > most:
                    count, blocked_until = 0, now + PONTOON_BLOCK_S
            if now < blocked_until:
                page = html(429, "Too Many Requests")
                return Response(429, page.body, HTML, (("Retry-After", str(int(PONTOON_BLOCK_S))),))
        return handler(request)

    return handle


def limited_discourse(handler: Handler, clock: Clock) -> Handler:
    """The same interface behind the limiter of its front end."""
    lock = threading.Lock()
    asked: deque[float] = deque()
    longest = max(window for _, window, _ in DISCOURSE_RULES)

    def handle(request: Request) -> Response:
        with lock:
            now = clock()
            asked.append(now)
            while asked[0] <= now - longest:
                asked.popleft()
            for most, window, rule in DISCOURSE_RULES:
                inside = [at for at in asked if at > now - window]
                if len(inside) > most:
                    wait = math.ceil(inside[-most] + window - now)
                    told = (("Retry-After", str(wait)), ("Discourse-Rate-Limit-Error-Code", rule))
                    return Response(429, SLOW_DOWN, TEXT, told)
        return handler(request)

    return handle


LIMITS: dict[str, Callable[[Handler, Clock], Handler]] = {
    "bugzilla": limited_bugzilla,
    "pontoon": limited_pontoon,
    "discourse": limited_discourse,
}


def parse_limits(spec: str) -> frozenset[str]:
    """`bugzilla,pontoon` -> the sources that keep their limiter; `all`: every one that has one.

    Raises ValueError with a sentence that names the wrong part.
    """
    named = frozenset(filter(None, (part.strip() for part in spec.split(","))))
    if named == {"all"}:
        return frozenset(LIMITS)
    unknown = sorted(named - LIMITS.keys())
    if unknown:
        raise ValueError(f"'{unknown[0]}': no limiter of that name; there are {', '.join(LIMITS)}, or all.")
    return named

"""One polite client for every source: pace, retries, redirects, blocks, and errors that speak the domain.

Not in here: what to ask (`walks/`, each source's own file) and what answers mean.
One client asks a source for all its feeds and threads: they share its pace, and when one of them is told to
wait or to stay away, all are. The pace does not apply on loopback, where only we are asked; waits do.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    IncompleteRead,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from pipelines.sources.spec import Answer, Source, SourceChanged, Spent

log = logging.getLogger(__name__)

TRIES = 4
FIRST_PAUSE_S = 1.0
ANSWER_WITHIN_S = 120.0
"""Longer than this we wait neither for an answer nor for the next part of its body."""

LONGEST_WAIT_S = 120.0
"""A `Retry-After` up to this long is waited for; a longer one ends the source's run."""

TOLD_IN_WORDS_S = 3600.0
"""How long to stay away when a refusal says in words alone that a rate limit was exceeded: the first such
answer of Bugzilla has the status and code of any other error, and the next request begins a block."""


class SourceDown(Exception):
    """The source did not answer properly, after all retries."""


class SourceDenied(Exception):
    """The source answered with a refusal of its own (4xx). `status` and `detail` say which."""

    def __init__(self, status: int, detail: str, where: str) -> None:
        super().__init__(f"the source refused with {status} ({detail}) at {where}")
        self.status, self.detail = status, detail


class SourceBlocked(Exception):
    """We have been asked to stay away for `seconds`; nothing may be asked before that."""

    def __init__(self, seconds: float, where: str) -> None:
        super().__init__(f"blocked by the source for {seconds / 60:.0f} minutes, at {where}")
        self.seconds = seconds


class KeyRefused(Exception):
    """Our own key would show us what is not public: nothing is asked with it."""

    def __init__(self, source: Source, objection: str) -> None:
        told = f"MDM_{source.name.upper()}_TOKEN is not used: {objection}; give another key, or none"
        super().__init__(told)


class Client:
    """Asks one source. Thread-safe; close it (or use it as a context manager) when done.

    root: the source's address. paced: False on loopback. sleep, clock (seconds): replaced in tests.
    """

    def __init__(
        self,
        source: Source,
        root: str,
        *,
        token: str | None = None,
        user_agent: str,
        paced: bool = True,
        sleep: Any = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source, self.root, self.spent = source, root, Spent()
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **source.headers(token),
        }
        self._interval = 60.0 / source.pace.per_minute if paced else 0.0
        self._first_pause = FIRST_PAUSE_S if paced else FIRST_PAUSE_S / 50
        self._sleep, self._clock = sleep, clock
        self._lock = threading.Lock()
        self._next_at = self._not_before = self._blocked_until = 0.0
        self._unchecked = source.key_check if token else None
        self._checking = threading.Lock()
        self._pool = urllib3.PoolManager(
            maxsize=source.pace.connections,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=10.0, read=ANSWER_WITHIN_S),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """One answer. Raises SourceDown, SourceDenied, SourceBlocked, SourceChanged or KeyRefused."""
        self._check_key(path)
        address = self.root + path + (f"?{urlencode(params)}" if params else "")
        where = _named(path, params)
        for hop in range(4):
            response = self._with_retries(address, where)
            if response.status not in (301, 302, 307, 308):
                if path in self.source.html_paths:
                    return self._page(response, where)
                return self._read(response, where)
            target = urljoin(address, response.headers.get("Location", ""))
            same_api = urlsplit(target).path.split("/")[1:2] == path.split("/")[1:2]
            if urlsplit(target).netloc != urlsplit(self.root).netloc or not same_api or hop == 3:
                raise SourceChanged("JSON", f"a redirect ({response.status}) out of the interface", where)
            query = urlsplit(address).query
            address = target if urlsplit(target).query or not query else f"{target}?{query}"
        raise AssertionError("unreachable")

    def _check_key(self, path: str) -> None:
        """Once, before anything else is asked: whether our key may be used. Raises KeyRefused."""
        check = self._unchecked
        if check is None or path == check.path:
            return
        with self._checking:
            if self._unchecked is not None:
                objection = check.objection(self.get(check.path).body)
                if objection is not None:
                    raise KeyRefused(self.source, objection)
                self._unchecked = None

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]:
        """Answers in the order of `paths`, as many at a time as the source allows; errors are yielded."""
        pool = ThreadPoolExecutor(self.source.pace.connections)
        try:
            waiting: deque[tuple[str, Future[Answer]]] = deque()
            for path in paths:
                waiting.append((path, pool.submit(self.get, path)))
                if len(waiting) > 4 * self.source.pace.connections:
                    yield _outcome(waiting.popleft())
            while waiting:
                yield _outcome(waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _turn(self, where: str) -> None:
        """Wait until the pace, and what the source told any of us, allow one more request.

        Raises SourceBlocked instead of asking while we are to stay away.
        """
        slot = -1.0
        while True:
            with self._lock:
                now = self._clock()
                if self._blocked_until > now:
                    raise SourceBlocked(self._blocked_until - now, where)
                if slot >= self._not_before:
                    self.spent.requests += 1
                    return
                slot = max(now, self._next_at, self._not_before)
                self._next_at = slot + self._interval
                pause = slot - now
            if pause > 0:
                self._pause(pause)

    def _pause(self, seconds: float) -> None:
        with self._lock:
            self.spent.waits += 1
            self.spent.waited_s += seconds
        self._sleep(seconds)

    def _hold(self, seconds: float) -> None:
        """Nobody asks before so many seconds, and a little more, have passed."""
        with self._lock:
            until = self._clock() + seconds + random.random() * min(seconds / 4, 5.0)
            self._not_before = max(self._not_before, until)

    def _block(self, seconds: float, where: str) -> SourceBlocked:
        """Nobody asks again; the run ends for this source."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)
            self.spent.blocked_s = max(self.spent.blocked_s, seconds)
        return SourceBlocked(seconds, where)

    def _with_retries(self, address: str, where: str) -> urllib3.BaseHTTPResponse:
        """The first answer that is not a passing failure (connection lost, body cut, 5xx, short 429)."""
        trouble, held = "", False
        for attempt in range(TRIES):
            if attempt and not held:
                self._pause(self._first_pause * 2 ** (attempt - 1) * (1 + random.random() / 4))
            self._turn(where)
            held = False
            try:
                response = self._pool.request("GET", address, headers=self._headers, redirect=False)
            except (IncompleteRead, ProtocolError) as error:
                trouble = f"the body or the connection was cut ({type(error).__name__})"
                continue
            except DecodeError:
                trouble = "a body that cannot be unpacked"
                continue
            except ReadTimeoutError:
                trouble = f"no answer within {ANSWER_WITHIN_S:g} seconds"
                continue
            except HTTPError as error:
                trouble = f"no connection ({_why(error)})"
                continue
            with self._lock:
                self.spent.bytes += response.tell()
            content_type = response.headers.get("Content-Type", "")
            wait = _wait_of(response)
            block = self.source.block_seconds(response.status, content_type)
            if block is None and _says_rate_limit(response):
                block = TOLD_IN_WORDS_S
            if block is not None or (wait is not None and wait > LONGEST_WAIT_S):
                raise self._block(max(block or 0.0, wait or 0.0), where)
            if response.status == 429:
                wait, trouble = LONGEST_WAIT_S / 2 if wait is None else wait, "asked to slow down (429)"
            elif response.status >= 500:
                trouble = f"an error of its own ({response.status})"
            if wait is not None:
                self._hold(wait)
                held = True
            if response.status == 429:
                continue
            if response.status >= 500:
                continue
            return response
        raise SourceDown(f"{self.source.title} gave {trouble}, {TRIES} times, at {where}")

    def _page(self, response: urllib3.BaseHTTPResponse, where: str) -> Answer:
        """The text of a page for people."""
        content_type = response.headers.get("Content-Type", "no content type").split(";")[0]
        if response.status >= 400:
            raise SourceDenied(response.status, content_type, where)
        if content_type != "text/html":
            raise SourceChanged("a page in HTML", content_type, where)
        return Answer(response.data.decode("utf-8", "replace"), _server_now(response), where)

    def _read(self, response: urllib3.BaseHTTPResponse, where: str) -> Answer:
        content_type = response.headers.get("Content-Type", "no content type").split(";")[0]
        if "json" not in content_type:
            if response.status >= 400:
                raise SourceDenied(response.status, content_type, where)
            raise SourceChanged(
                "JSON", f"{content_type} ({len(response.data)} bytes, status {response.status})", where
            )
        try:
            body = json.loads(response.data)
        except ValueError:
            raise SourceChanged("JSON", f"{len(response.data)} bytes that do not parse", where) from None
        if response.status >= 400:
            raise SourceDenied(response.status, _detail(body), where)
        if isinstance(body, dict) and body.get("error") is True:
            raise SourceDenied(response.status, _detail(body), where)
        return Answer(body, _server_now(response), where)


def _why(error: HTTPError) -> str:
    """Why nothing could be asked, in words."""
    if isinstance(error, NameResolutionError):
        return "nobody knows this name"
    if isinstance(error, SSLError):
        return "its certificate is not accepted"
    if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
        return "nobody answers at this address"
    return "what came is no answer"


def _named(path: str, params: Mapping[str, Any] | None) -> str:
    """An address as errors name it: long values, such as lists of fields, are left out."""
    shown = [
        f"{name}={value}" if len(str(value)) <= 40 else f"{name}=..."
        for name, value in (params or {}).items()
    ]
    return path + ("?" + "&".join(shown) if shown else "")


def _outcome(waiting: tuple[str, Future[Answer]]) -> tuple[str, Answer | Exception]:
    path, future = waiting
    error = future.exception()
    if error is None:
        return path, future.result()
    if not isinstance(error, Exception):
        raise error
    return path, error


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds of a `Retry-After` header, which may be a number or a date; None without one."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - _server_now(response)).total_seconds())
    except ValueError:
        return None


def _wait_of(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds that an answer asks us to wait: its `Retry-After`, or what its body says when that is more."""
    told = [_retry_after(response)]
    if response.status == 429:
        extras = _error_body(response).get("extras")
        seconds = extras.get("wait_seconds") if isinstance(extras, dict) else None
        told.append(float(seconds) if isinstance(seconds, (int, float)) else None)
    return max((seconds for seconds in told if seconds is not None), default=None)


def _says_rate_limit(response: urllib3.BaseHTTPResponse) -> bool:
    """An error other than 429 whose message says that a rate limit was exceeded."""
    if not 400 <= response.status < 500 or response.status == 429:
        return False
    message = _error_body(response).get("message")
    return isinstance(message, str) and "rate limit" in message.lower()


def _error_body(response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    """The JSON object of a refusal; {} when it is anything else."""
    if "json" not in response.headers.get("Content-Type", ""):
        return {}
    try:
        body = json.loads(response.data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _server_now(response: urllib3.BaseHTTPResponse) -> datetime:
    """The source's own clock; ours when it sends no date."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)


def _detail(body: Any) -> str:
    """What an error body says of itself: its code or fixed sentence, never text that may quote a person."""
    if isinstance(body, dict):
        if isinstance(body.get("code"), int):
            return f"code {body['code']}"
        if isinstance(body.get("detail"), str):
            return str(body["detail"])[:120]
        if isinstance(body.get("error"), str):
            return "our user agent is refused; it must name a contact"
    return "no detail"

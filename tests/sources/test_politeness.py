"""No request before a source allows it: one pace, one wait and one block for all feeds and threads."""

from __future__ import annotations

import threading

import pytest

from pipelines.sources import SYSTEMS
from pipelines.sources.http import Client, SourceBlocked
from pipelines.sources.spec import Pace, Source
from tests.scripted import Reply, invented_source, scripted

THINGS = [f"/things/{number}/" for number in range(12)]


class Clock:
    """Time that passes only while somebody sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


def client_on(
    root: str, clock: Clock, *, per_minute: float = 60, connections: int = 4, paced: bool = True
) -> Client:
    source = invented_source(
        pace=Pace(per_minute=per_minute, connections=connections),
        block_seconds=lambda status, content_type: (
            3600.0 if status == 429 and "html" in content_type else None
        ),
    )
    return Client(source, root, user_agent="tests", paced=paced, sleep=clock.sleep, clock=clock)


def test_all_threads_share_one_pace() -> None:
    clock = Clock()
    with scripted(lambda _path, _n: Reply({})) as (root, asked), client_on(root, clock) as client:
        outcomes = list(client.get_many(THINGS))
    assert len(asked) == len(outcomes) == 12
    assert clock.now - 100.0 >= 11.0, "sixty a minute: eleven seconds between the first and the twelfth"
    assert client.spent.waits > 0


def test_nobody_asks_before_a_retry_after_has_passed() -> None:
    clock, asked_at = Clock(), list[float]()

    def answer(_path: str, number: int) -> Reply:
        asked_at.append(clock.now)
        return Reply({}, 503, headers={"Retry-After": "30"}) if number == 1 else Reply({})

    with scripted(answer) as (root, _), client_on(root, clock, connections=1, paced=False) as client:
        client.get("/things/")
        client.get("/things/")
    assert asked_at[1] - asked_at[0] >= 30.0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(
            {"errors": ["slow"], "error_type": "rate_limit", "extras": {"wait_seconds": 40}},
            429,
            headers={"Retry-After": "10"},
        ),
        Reply(status=429, raw=b"slow down", content_type="text/plain", headers={"Retry-After": "40"}),
    ],
    ids=["by the program, which names both", "by the front end, in plain text"],
)
def test_both_kinds_of_429_are_waited_for_as_long_as_they_say(reply: Reply) -> None:
    clock, asked_at = Clock(), list[float]()

    def answer(_path: str, number: int) -> Reply:
        asked_at.append(clock.now)
        return reply if number == 1 else Reply({})

    with scripted(answer) as (root, _), client_on(root, clock, paced=False) as client:
        client.get("/things/")
    assert asked_at[1] - asked_at[0] >= 40.0
    assert client.spent.waited_s >= 40.0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=429, raw=b"<html>", content_type="text/html"),
        Reply({"error": True, "code": 32000, "message": "You have exceeded the rate limit."}, 400),
    ],
    ids=["a block", "the first answer over the limit, which looks like any other error"],
)
def test_nothing_is_asked_while_blocked(reply: Reply) -> None:
    clock = Clock()
    with (
        scripted(lambda _path, number: reply if number == 1 else Reply({})) as (root, asked),
        client_on(root, clock, connections=1, paced=False) as client,
    ):
        for path in THINGS:
            with pytest.raises(SourceBlocked):
                client.get(path)
        assert len(asked) == 1
        assert client.spent.blocked_s == 3600.0
        clock.sleep(3601)
        client.get("/things/")
        assert len(asked) == 2


@pytest.mark.parametrize("source", list(SYSTEMS.values()), ids=lambda source: source.name)
def test_no_secret_is_ever_in_an_address(source: Source) -> None:
    secret = "1_secret" * 6
    headers = source.headers(secret)
    with scripted(lambda _path, _n: Reply({"groups": [], "results": []})) as (root, asked):
        with Client(source, root, token=secret, user_agent="tests", paced=False) as client:
            client.get("/things/", {"page": 1})
    assert not any(secret in path for path in asked)
    assert not headers or any(secret in value for value in headers.values())

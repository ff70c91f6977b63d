"""The polite client: what it retries, what it refuses, when it waits, when it stays away."""

from __future__ import annotations

import gzip
import json

import pytest

from pipelines.sources import bugzilla, http, pontoon
from pipelines.sources.http import TRIES, SourceBlocked, SourceDenied, SourceDown
from pipelines.sources.spec import Answer, SourceChanged
from tests.scripted import Reply, at, client_of, invented_source, scripted

PACKED = {"Content-Encoding": "gzip"}


def test_an_answer_carries_the_sources_own_clock() -> None:
    with scripted(lambda _path, _n: Reply({"rows": []})) as (root, _), client_of(root) as client:
        answer = client.get("/things/", {"page": 1})
    assert answer.body == {"rows": []}
    assert answer.server_now == at("2026-07-01T06:00:00")
    assert answer.where == "/things/?page=1"


@pytest.mark.parametrize(
    "failure",
    [
        Reply(status=500, raw=b"<h1>oh</h1>", content_type="text/html"),
        Reply({"rows": [1, 2, 3]}, cut=5),
        Reply(status=503),
        Reply({"rows": [1, 2, 3]}, headers=PACKED),
        Reply(raw=gzip.compress(b'{"rows": [1, 2, 3]}'), headers=PACKED, cut=9),
        Reply({"rows": [1, 2, 3]}, halfway_s=0.5),
    ],
    ids=["a 500 page", "a truncated body", "a 503", "not packed as it says", "a truncated packed body",
         "a body that stops halfway"],
)  # fmt: skip
def test_a_passing_failure_is_asked_again(failure: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_WITHIN_S", 0.2)
    with (
        scripted(lambda _path, n: failure if n == 1 else Reply({"rows": []})) as (root, asked),
        client_of(root) as client,
    ):
        assert client.get("/things/").body == {"rows": []}
    assert len(asked) == 2


def test_a_packed_answer_is_read_and_counted_as_it_came() -> None:
    packed = gzip.compress(json.dumps({"rows": ["the same"] * 100}).encode())
    with (
        scripted(lambda _path, _n: Reply(raw=packed, headers=PACKED)) as (root, _),
        client_of(root) as client,
    ):
        assert client.get("/things/").body == {"rows": ["the same"] * 100}
        assert client.spent.bytes == len(packed)


def test_pauses_between_tries_grow_and_end_in_a_sentence() -> None:
    slept: list[float] = []
    with (
        scripted(lambda _path, _n: Reply(status=500)) as (root, asked),
        client_of(root, paced=True, slept=slept) as client,
        pytest.raises(SourceDown, match=r"Invented gave an error of its own \(500\), 4 times, at /things/"),
    ):
        client.get("/things/")
    long = [pause for pause in slept if pause >= 1]
    assert len(asked) == TRIES
    assert len(long) == TRIES - 1
    assert long == sorted(long)


def test_a_server_that_is_down_is_named() -> None:
    with client_of("http://127.0.0.1:9") as client, pytest.raises(SourceDown, match="no connection"):
        client.get("/things/")


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(raw=b"<html>", content_type="text/html"), "expected JSON, got text/html"),
        (Reply(raw=b"{nonsense", content_type="application/json"), "bytes that do not parse"),
        (Reply(status=302, headers={"Location": "/email-consent/"}), "a redirect"),
    ],
)
def test_an_answer_that_is_no_json_is_refused_at_once(reply: Reply, sentence: str) -> None:
    with scripted(lambda _path, _n: reply) as (root, asked), client_of(root) as client:
        with pytest.raises(SourceChanged, match=sentence):
            client.get("/api/things/")
    assert len(asked) == 1


def test_a_renamed_path_inside_the_interface_is_followed_with_its_query() -> None:
    def answer(path: str, n: int) -> Reply:
        return Reply(status=302, headers={"Location": "/api/new/"}) if n == 1 else Reply({"path": path})

    with scripted(answer) as (root, _), client_of(root) as client:
        assert client.get("/api/old/", {"page": 2}).body == {"path": "/api/new/?page=2"}


def test_a_query_that_stands_in_the_path_is_kept_as_well() -> None:
    def answer(path: str, _n: int) -> Reply:
        old = path.startswith("/api/old/")
        return Reply(status=302, headers={"Location": "/api/new/"}) if old else Reply({"path": path})

    with scripted(answer) as (root, _), client_of(root) as client:
        ((_, one),) = client.get_many(["/api/old/?order=created&page=3"])
    assert isinstance(one, Answer)
    assert one.body == {"path": "/api/new/?order=created&page=3"}


def test_an_error_is_named_by_its_code_and_never_quotes_the_message() -> None:
    body = {"error": True, "code": 102, "message": "You are not ada@example.org"}
    with scripted(lambda _path, _n: Reply(body, status=401)) as (root, _), client_of(root) as client:
        with pytest.raises(SourceDenied, match=r"401 \(code 102\)") as refused:
            client.get("/rest/bug")
    assert "ada" not in str(refused.value)


def test_a_short_retry_after_is_waited_for() -> None:
    slept: list[float] = []

    def answer(_path: str, n: int) -> Reply:
        return Reply({}, status=429, headers={"Retry-After": "7"}) if n == 1 else Reply({"rows": []})

    with scripted(answer) as (root, _), client_of(root, slept=slept) as client:
        client.get("/things/")
    assert any(6.9 < pause < 9.0 for pause in slept)


@pytest.mark.parametrize(
    ("source", "reply", "seconds"),
    [
        (bugzilla.SOURCE, Reply(raw=b"blocked", status=429, content_type="text/html"), 3600),
        (pontoon.SOURCE, Reply(raw=b"", status=406, content_type="text/html"), 600),
        (pontoon.SOURCE, Reply(raw=b"", status=403, content_type="text/html"), 600),
        (invented_source(), Reply({}, status=429, headers={"Retry-After": "900"}), 900),
    ],
    ids=["bugzilla 429", "pontoon 406", "pontoon 403 html", "a long Retry-After"],
)
def test_a_block_is_never_retried(source, reply: Reply, seconds: int) -> None:
    with scripted(lambda _path, _n: reply) as (root, asked), client_of(root, source) as client:
        with pytest.raises(SourceBlocked) as blocked:
            client.get("/api/things/")
    assert blocked.value.seconds == seconds
    assert len(asked) == 1


def test_requests_keep_the_sources_pace() -> None:
    slept: list[float] = []
    with (
        scripted(lambda _path, _n: Reply({})) as (root, _),
        client_of(root, paced=True, slept=slept) as client,
    ):
        for _ in range(5):
            client.get("/things/")
        assert client.spent.requests == 5
    assert slept == pytest.approx([0.1 * place for place in range(1, 5)])


def test_many_answers_come_in_the_order_they_were_asked_and_errors_in_their_place() -> None:
    def answer(path: str, _n: int) -> Reply:
        return Reply({"detail": "Not found."}, status=404) if path == "/t/3/" else Reply({"path": path})

    with scripted(answer) as (root, _), client_of(root) as client:
        found = list(client.get_many(f"/t/{number}/" for number in range(40)))
    assert [path for path, _ in found] == [f"/t/{number}/" for number in range(40)]
    assert isinstance(found[3][1], SourceDenied)
    assert sum(isinstance(outcome, Exception) for _, outcome in found) == 1

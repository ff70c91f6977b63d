"""The servers on the wire: keep-alive, clock, control page, faults, and the command that starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import urllib3
from urllib3.exceptions import IncompleteRead, ProtocolError

from pipelines import embedded, run
from pipelines.cli import _place_of_truth
from pipelines.simulation.generator import Truth
from pipelines.simulation.generator.truth import SCHEMAS
from pipelines.simulation.servers.faults import parse_faults
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.simulation.world import SOURCES, SetAside, World
from pipelines.sources import SOURCES as SOURCES_READ
from pipelines.sources.http import SourceBlocked
from tests.scripted import client_of
from tests.simulation.conftest import Load, names

ROOT = Path(__file__).resolve().parents[2]
TOKEN = {"Authorization": "Bearer 17_" + "a" * 43}
QUESTIONS = "/api/2/question/?ordering=id"
TAGGED = "/tag/mission-mozillians.json"


@pytest.fixture(scope="module")
def servers(world: World) -> Iterator[Servers]:
    with serve(world) as running:
        yield running


def get(url: str, **options: object) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request("GET", url, **options)  # type: ignore[arg-type]


def test_a_body_is_packed_for_clients_that_take_it(servers: Servers) -> None:
    plain = get(servers.roots["sumo"] + QUESTIONS)
    packed = get(servers.roots["sumo"] + QUESTIONS, headers={"Accept-Encoding": "gzip"})
    assert packed.json() == plain.json()
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3


@pytest.mark.parametrize("fault", ["truncate", "reset"])
def test_a_packed_body_is_cut_as_well(world: World, fault: str) -> None:
    with (
        serve(world, faults=f"sumo.{fault}@1") as running,
        pytest.raises((ProtocolError, IncompleteRead)),
    ):
        get(running.roots["sumo"] + QUESTIONS, headers={"Accept-Encoding": "gzip"})


def broken(
    world: World, faults: str, source: str, *targets: str
) -> list[urllib3.BaseHTTPResponse | Exception]:
    """What a client gets for one target after the other while these faults are on."""
    got: list[urllib3.BaseHTTPResponse | Exception] = []
    with serve(world, faults=faults) as running:
        for target in targets:
            try:
                got.append(get(running.roots[source] + target, headers=TOKEN))
            except (ProtocolError, IncompleteRead) as error:
                got.append(error)
    return got


def test_every_answer_carries_the_worlds_clock(servers: Servers, world: World) -> None:
    for source, root in servers.roots.items():
        for path in ("/simulation", "/no/such/path"):
            assert parsedate_to_datetime(get(root + path).headers["Date"]) == world.now[source]


def test_the_control_page_tells_the_world_and_what_was_set_aside(world: World) -> None:
    aside = [SetAside("sumo", "some set", "no id", 3), SetAside("reps", "other set", "no date", 1)]
    told = World("told", world.since, world.now, set_aside=aside)
    with serve(told) as running:
        page = get(running.roots["sumo"] + "/simulation").json()
    assert page["world"] == "told"
    assert page["source"] == "sumo"
    assert page["since"] == world.since["sumo"].isoformat()  # type: ignore[union-attr]
    assert page["set_aside"] == [{"input_set": "some set", "reason": "no id", "records": 3}]


def test_one_connection_serves_many_requests(servers: Servers) -> None:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(servers.roots["sumo"].rpartition(":")[2]), maxsize=1)
    for page in range(1, 30):
        assert pool.request("GET", f"{QUESTIONS}&page={page}").status == 200
    assert pool.num_connections == 1
    pool.close()


def test_head_sends_no_body_and_keeps_the_connection_usable(servers: Servers) -> None:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(servers.roots["reps"].rpartition(":")[2]), maxsize=1)
    assert pool.request("HEAD", "/api/remo/v1/events/").data == b""
    assert pool.request("GET", "/api/remo/v1/events/").json()["count"] > 0
    pool.close()


def test_closing_frees_the_ports(world: World) -> None:
    running = serve(world)
    port = int(running.roots["bugzilla"].rpartition(":")[2])
    running.close()
    again = serve(world, port=port)
    assert again.roots["reps"] == f"http://127.0.0.1:{port + 3}"
    again.close()


# --- Faults ----------------------------------------------------------------------------------------


def test_a_fault_strikes_its_request_alone(world: World) -> None:
    first, second, third = broken(world, "sumo.html@2", "sumo", QUESTIONS, QUESTIONS, QUESTIONS)
    assert [answer.headers["Content-Type"].split(";")[0] for answer in (first, second, third)] == [
        "application/json", "text/html", "application/json",
    ]  # fmt: skip
    assert second.status == 200


def test_a_fault_leaves_other_sources_and_the_control_page_alone(world: World) -> None:
    with serve(world, faults="reps.down") as running:
        assert get(running.roots["reps"] + "/simulation").status == 200
        assert get(running.roots["sumo"] + QUESTIONS).status == 200
        with pytest.raises(ProtocolError):
            get(running.roots["reps"] + "/api/remo/v1/users/")


def test_a_fault_onwards_strikes_from_its_request_on(world: World) -> None:
    got = broken(world, "sumo.http500@2+", "sumo", QUESTIONS, QUESTIONS, QUESTIONS)
    assert [answer.status for answer in got] == [200, 500, 500]


def test_truncate_cuts_what_the_length_promises(world: World) -> None:
    (got,) = broken(world, "bugzilla.truncate", "bugzilla", "/rest/bug?product=Firefox&limit=5")
    assert isinstance(got, ProtocolError)


def test_empty_leaves_the_count_and_waits_for_an_answer_with_rows(world: World) -> None:
    probe = "/api/2/question/?updated__gt=2999-01-01T00:00:00Z"
    first, second, third = broken(world, "sumo.empty@1", "sumo", probe, QUESTIONS, QUESTIONS)
    assert first.json()["count"] == 0
    assert second.json()["results"] == []
    assert second.json()["count"] == third.json()["count"] == len(world.sumo.questions)
    assert len(third.json()["results"]) == 20


@pytest.mark.parametrize(("source", "target"), [
    ("sumo", QUESTIONS),
    ("bugzilla", "/rest/bug?product=Firefox&limit=5&order=bug_id"),
    ("pontoon", "/api/v2/locales/"),
    ("reps", "/api/remo/v1/events/101/"),
])  # fmt: skip
def test_type_changes_one_field_of_one_record(world: World, source: str, target: str) -> None:
    right, wrong = broken(world, f"{source}.type@2", source, target, target)
    before, after = right.json(), wrong.json()
    rows = next((name for name in ("results", "bugs") if name in before), None)
    one, other = (before[rows][0], after[rows][0]) if rows else (before, after)
    assert sum(type(one[name]) is not type(other[name]) for name in one) == 1
    assert not rows or before[rows][1:] == after[rows][1:]


@pytest.mark.parametrize(("source", "target", "path"), [
    ("sumo", QUESTIONS, ("results", 0, "creator")),
    ("bugzilla", "/rest/bug?product=Firefox&limit=5&order=bug_id", ("bugs", 0, "creator")),
    ("reps", "/api/remo/v1/events/101/", ("owner",)),
])  # fmt: skip
def test_unknown_user_changes_the_form_of_a_person(
    world: World, source: str, target: str, path: tuple
) -> None:
    right, wrong = broken(world, f"{source}.unknown_user@2", source, target, target)
    before, after = right.json(), wrong.json()
    for step in path:
        before, after = before[step], after[step]
    assert type(before) is not type(after)


@pytest.mark.parametrize(("source", "wait"), [
    ("bugzilla", None), ("pontoon", "600"), ("sumo", "1"), ("reps", "1"),
])  # fmt: skip
def test_throttle_is_the_sources_own_refusal(world: World, source: str, wait: str | None) -> None:
    (got,) = broken(world, f"{source}.throttle", source, "/")
    assert got.status == 429
    assert got.headers["Content-Type"].startswith("text/html")
    assert got.headers.get("Retry-After") == wait


def test_discourse_refuses_in_two_ways_and_both_are_waited_for(world: World) -> None:
    """The front end in plain text with the name of its rule, the program in JSON with the longer wait."""
    front, program = broken(world, "discourse.throttle@1,discourse.busy@2", "discourse", TAGGED, TAGGED)
    assert (front.status, front.headers["Content-Type"].split(";")[0]) == (429, "text/plain")
    assert front.headers["Discourse-Rate-Limit-Error-Code"]
    assert (program.status, program.json()["error_type"]) == (429, "rate_limit")
    assert program.json()["extras"]["wait_seconds"] > int(program.headers["Retry-After"])
    for kind in ("throttle", "busy"):
        with serve(world, faults=f"discourse.{kind}@1") as running:
            slept: list[float] = []
            with client_of(running.roots["discourse"], SOURCES_READ["discourse"], slept=slept) as client:
                assert client.get(TAGGED).body["topic_list"]
            assert sum(slept) >= 1
            assert len(running.requests["discourse"]) == 2


@pytest.mark.parametrize(("kind", "status"), [("turned_away", 403), ("unacceptable", 406)])
def test_pontoons_front_end_turns_away_in_html_and_is_left_alone_for_ten_minutes(
    world: World, kind: str, status: int
) -> None:
    (got,) = broken(world, f"pontoon.{kind}", "pontoon", "/api/v2/locales/")
    assert (got.status, got.headers["Content-Type"].split(";")[0]) == (status, "text/html")
    with (
        serve(world, faults=f"pontoon.{kind}@1") as running,
        client_of(running.roots["pontoon"], SOURCES_READ["pontoon"]) as client,
    ):
        for _ in range(2):
            with pytest.raises(SourceBlocked) as blocked:
                client.get("/api/v2/locales/")
            assert blocked.value.seconds == 600
        assert len(running.requests["pontoon"]) == 1


@pytest.mark.parametrize("name", names("pontoon/live_api/throttle_max_5_request_[567]_of_9.json"))
def test_our_throttled_pontoon_answers_as_the_recorded_one(world: World, name: str, recorded: Load) -> None:
    case = recorded(name)
    (got,) = broken(world, "pontoon.throttle", "pontoon", case["request"]["path"])
    assert got.status == case["status"] == 429
    for header in ("Content-Type", "Retry-After"):
        assert got.headers[header] == case["headers"][header]


@pytest.mark.parametrize(
    "spec", ["sumo", "sumo.html@", "nowhere.html", "sumo.melted", "sumo.html@0", "sumo.html@x"]
)
def test_a_wrong_fault_is_named(spec: str) -> None:
    with pytest.raises(ValueError, match=spec.replace(".", r"\.")):
        parse_faults(spec)


# --- The command ------------------------------------------------------------------------------------


def start(*options: str, through: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipelines.simulation", *options]
    if through:
        command = [sys.executable, "-c", through, *command]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_prints_all_roots_in_one_line_and_ends_on_sigterm() -> None:
    with start("--seed", "3") as running:
        assert running.stdout is not None
        roots = json.loads(running.stdout.readline())
        assert tuple(roots) == SOURCES
        assert get(roots["pontoon"] + "/simulation").json()["world"] == "small seed 3"
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_a_served_source_limits_who_asks_too_much_where_it_is_asked_for(tmp_path: Path) -> None:
    """By the command a user types: 300 requests to Pontoon are answered, the next ones are not."""
    command = [sys.executable, "-m", "pipelines.cli", "simulate", "--limits", "pontoon"]
    environment = {**os.environ, "MDM_DATA": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        roots = json.loads(running.stdout.readline())
        answered = [get(f"{roots['pontoon']}/api/v2/locales/?page_size=1").status for _ in range(301)]
        forum = [get(f"{roots['discourse']}/latest.json").status for _ in range(60)]
        running.send_signal(signal.SIGTERM)
    assert answered == [200] * 300 + [429]
    assert set(forum) == {200}, "the others do as without"


def test_the_demo_run_may_ask_behind_the_limits() -> None:
    with embedded.community(limits="bugzilla") as (_, variables):
        paths = [f"{variables['MDM_BUGZILLA_URL']}/rest/bug/1/comment"] * 77
        assert [get(path).status for path in paths][-2:] == [400, 429]


def test_what_is_true_stands_there_before_the_roots_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, truth: Truth
) -> None:
    """As scripts use it: nothing but size, seed and the folder, `mdm simulate` and one line of JSON."""
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    command = [sys.executable, "-m", "pipelines.cli", "simulate", "--seed", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert tuple(json.loads(running.stdout.readline())) == SOURCES
        written = {path.stem: pq.read_table(path) for path in (tmp_path / "truth").glob("*.parquet")}
        running.send_signal(signal.SIGTERM)
    assert written == {**{name: getattr(truth, name) for name in SCHEMAS}, **truth.kept}


def test_the_truth_of_another_community_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    assert _place_of_truth("small", 1) == tmp_path
    run.begin(tmp_path, run.World("small seed 1", now={}))
    assert _place_of_truth("small", 1) == tmp_path
    assert capsys.readouterr().err == ""
    assert _place_of_truth("small", 2) is None
    assert "holds the data of small seed 1: truth of small seed 2 not written" in capsys.readouterr().err


def test_the_command_ends_when_its_parent_is_gone() -> None:
    parent = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); input()"
    running = subprocess.Popen(
        [sys.executable, "-c", parent, sys.executable, "-m", "pipelines.simulation"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with running:
        assert running.stdout is not None
        roots = json.loads(running.stdout.readline())
        running.kill()
        running.wait(10)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and answers(roots["sumo"]):
            time.sleep(0.1)
        assert not answers(roots["sumo"])


def answers(root: str) -> bool:
    try:
        return get(root + "/simulation").status == 200
    except urllib3.exceptions.HTTPError:
        return False


@pytest.mark.parametrize(("options", "told"), [
    (("--scale", "planet"), "planet"),
    (("--recorded", "/no/such/folder"), "/no/such/folder"),
    (("--faults", "sumo.melted"), "sumo.melted"),
    (("--limits", "bugzilla,sumo"), "'sumo': no limiter of that name; there are bugzilla, pontoon"),
])  # fmt: skip
def test_a_wrong_option_is_one_line_and_exit_code_2(options: tuple[str, ...], told: str) -> None:
    with start(*options) as running:
        _, error = running.communicate(timeout=60)
    assert running.returncode == 2
    assert told in error
    assert error.count("\n") == 1

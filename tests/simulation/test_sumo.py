"""SUMO's simulated interface, held against recorded answers of the real program."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.simulation.servers.http_server import Handler
from pipelines.simulation.servers.sumo import interface
from pipelines.simulation.world import SumoWorld, World

from .conftest import Load, ask, body, names
from .shapes import lacking, unknown

LIVE = "sumo/live_api"
NOT_SERVED = ("kpi", "cohorts", "kb_", "locales", "product")
OTHER_STATE = ("after_", "before_", "users_weekly")
NOW = datetime(2026, 7, 27, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def real(recorded: Load) -> SumoWorld:
    """The recorded part of the real program's rows: two thirds of each list, and single questions."""

    def rows(pattern: str) -> list[dict[str, Any]]:
        return [row for name in names(pattern) for row in recorded(name)["body"]["results"]]

    alone = [
        recorded(name)["body"]
        for name in names(f"{LIVE}/question_*.json", "question_unknown", "question_without")
    ]
    listed = rows(f"{LIVE}/questions_all_in_order_of_id_page_*_of_12.json")
    return SumoWorld(
        questions=list({row["id"]: row for row in (*listed, *alone)}.values()),
        answers=rows(f"{LIVE}/answers_all_in_order_of_id_page_*_of_17.json"),
        users=rows(f"{LIVE}/users_all_page_*_of_04.json"),
    )


@pytest.fixture(scope="module")
def handler(real: SumoWorld) -> Handler:
    return interface(real, NOW)


def same_answer(handler: Handler, case: dict[str, Any]) -> Any:
    """Ask what was asked; status and kind of body must be as recorded. Returns our body when it is JSON."""
    request = case["request"]
    target = request["path"] + (f"?{request['query']}" if request["query"] else "")
    response = ask(handler, target, request["method"], host="support.example.org")
    assert response.status == case["status"]
    assert response.content_type == case["headers"]["Content-Type"]
    assert dict(response.headers).get("Location") == case["headers"].get("Location")
    return body(response) if "json" in response.content_type else None


@pytest.mark.parametrize("name", names(f"{LIVE}/*.json", *NOT_SERVED, *OTHER_STATE))
def test_answers_as_the_real_program_does(
    name: str, handler: Handler, real: SumoWorld, recorded: Load
) -> None:
    """Errors and single records alike; lists hold the same rows, as far as those rows are recorded."""
    case = recorded(name)
    ours, theirs = same_answer(handler, case), case["body"]
    if ours is None:
        return
    if "results" not in theirs:
        known = {row["id"] for row in (*real.questions, *real.answers, *real.users)}
        assert ours == theirs or theirs.get("id", 0) not in known
        return
    total = {"question": real.questions, "answer": real.answers, "user": real.users}[
        case["request"]["path"].split("/")[3]
    ]
    known = {row["id"] for row in total}
    expected = [row for row in theirs["results"] if row["id"] in known]
    assert ours.keys() == theirs.keys()
    assert ours["results"][: len(expected)] == expected
    if theirs["count"] in (226, 336, 61):
        assert ours["count"] == len(total)
    if theirs["next"] and ours["next"]:
        assert ours["next"] == theirs["next"].replace("https:", "http:")


def test_generated_records_have_the_real_keys_and_types(real: SumoWorld, world: World) -> None:
    for kind in ("questions", "answers", "users"):
        theirs, ours = getattr(real, kind), getattr(world.sumo, kind)
        assert not unknown(theirs, ours)
        assert not lacking(theirs, ours)


def test_a_keyset_walk_meets_every_row_once_even_where_more_than_a_page_share_an_instant(
    world: World,
) -> None:
    handler = interface(world.sumo, NOW)
    met: list[int] = []
    after = "2000-01-01T00:00:00Z"
    while rows := body(ask(handler, f"/api/2/question/?ordering=updated,id&updated__gt={after}"))["results"]:
        last = rows[-1]["updated"]
        page = 1
        while page:
            same = body(ask(handler, f"/api/2/question/?updated={last}&ordering=id&page={page}"))
            met += [row["id"] for row in same["results"]]
            page = page + 1 if same["next"] else 0
        met += [row["id"] for row in rows if row["updated"] != last]
        after = last
    assert sorted(met) == sorted(row["id"] for row in world.sumo.questions)


def test_two_bounds_and_an_order_by_id_select_the_window(world: World) -> None:
    handler = interface(world.sumo, NOW)
    low, high = "2025-01-10T00:00:00Z", "2025-01-12T00:00:00Z"
    answer = body(ask(handler, f"/api/2/answer/?created__gt={low}&created__lt={high}&ordering=id"))
    expected = sorted(row["id"] for row in world.sumo.answers if low < row["created"] < high)
    assert answer["count"] == len(expected)
    assert [row["id"] for row in answer["results"]] == expected[:20]


def test_weekly_solutions_are_a_bare_list_of_the_last_seven_days(recorded: Load, world: World) -> None:
    handler = interface(world.sumo, world.now["sumo"])
    ours = body(ask(handler, "/api/2/user/weekly-solutions"))
    theirs = recorded(f"{LIVE}/users_weekly_solutions.json")["body"]
    assert 0 < len(ours) <= 10
    assert not unknown(theirs, ours)

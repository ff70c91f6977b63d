"""Bugzilla's simulated interface: searching, fields, orders, errors; records like the recorded ones."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.simulation.servers.bugzilla import interface
from pipelines.simulation.servers.http_server import Handler
from pipelines.simulation.world import World

from .conftest import Load, ask, body
from .shapes import unknown

SAMPLES = "bugzilla/api_samples/bugzilla_rest_bugs"


def bug(number: int, changed: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "last_change_time": changed,
        "creation_time": changed,
        "product": "P",
        "history": [],
        **fields,
    }


@pytest.fixture
def three(world: World) -> Handler:
    bugs = [
        bug(1, "2026-01-03T00:00:00Z", comments=[{"id": 7, "count": 0, "text": "long"}]),
        bug(2, "2026-01-01T00:00:00Z", creator="ada@example.org", creator_detail={"id": 9, "nick": "ada"}),
        bug(3, None, product="Q"),
    ]
    return interface(bugs, world.now["bugzilla"])


def ids(handler: Handler, query: str) -> list[int]:
    return [row["id"] for row in body(ask(handler, f"/rest/bug?{query}"))["bugs"]]


def test_generated_bugs_have_the_real_keys_and_types(recorded: Load, world: World) -> None:
    """The recording is of 2016: what came later, and what was empty in its two bugs, is named here."""
    theirs = recorded(f"{SAMPLES}.json")["bugs"]
    lists = ("history", "comments", "attachments")
    ours = [{name: value for name, value in one.items() if name not in lists} for one in world.bugzilla]
    later = {"type", "nick", "comment_count", "duplicates", "regressed_by", "regressions"}
    empty_then = {"flags", "keywords", "dupe_of", "cf_last_resolved"}
    odd = {frozenset(path.replace("[]", "").split(".")) for path in unknown(theirs, ours)}
    assert odd
    assert all(words & (later | empty_then) for words in odd)


@pytest.mark.parametrize(("kind", "later"), [
    ("history", set()), ("comments", {"[].count", "[].reactions"}), ("attachments", set()),
])  # fmt: skip
def test_generated_parts_have_the_real_keys_and_types(
    kind: str, later: set[str], recorded: Load, world: World
) -> None:
    answer = recorded(f"{SAMPLES}_{kind}.json")["bugs"]
    groups = [one["history"] for one in answer] if kind == "history" else list(answer.values())
    theirs = [row for group in groups for row in (group["comments"] if kind == "comments" else group)]
    ours = [row for one in world.bugzilla for row in one[kind]]
    assert unknown(theirs, ours) == later


def test_a_walk_by_id_and_one_by_change_meet_every_bug(world: World) -> None:
    handler = interface(world.bugzilla, world.now["bugzilla"])
    by_id, after = [], 0
    while rows := ids(
        handler, f"include_fields=id&limit=300&order=bug_id&f1=bug_id&o1=greaterthan&v1={after}"
    ):
        assert rows == sorted(rows)
        by_id += rows
        after = rows[-1]
    changed = body(
        ask(handler, "/rest/bug?last_change_time=2000-01-01T00:00:00Z&order=changeddate,bug_id&limit=5000")
    )["bugs"]
    assert [row["last_change_time"] for row in changed] == sorted(row["last_change_time"] for row in changed)
    assert by_id == sorted(row["id"] for row in changed) == sorted(row["id"] for row in world.bugzilla)


def test_last_change_time_is_inclusive_and_never_finds_an_empty_time(three: Handler) -> None:
    assert ids(three, "last_change_time=2026-01-01T00:00:00Z&order=changeddate,bug_id") == [2, 1]
    assert ids(three, "last_change_time=2026-01-01T00:00:01Z&order=bug_id") == [1]
    assert body(ask(three, "/rest/bug?creation_time=1990-01-01T00:00:00Z&count_only=1")) == {"bug_count": 2}
    assert body(ask(three, "/rest/bug?f1=bug_id&o1=greaterthan&v1=0&count_only=1")) == {"bug_count": 3}


def test_a_chart_where_the_server_puts_its_own_term_is_lost(three: Handler) -> None:
    by_change = "last_change_time=2026-01-01T00:00:00Z&order=bug_id"
    assert ids(three, f"{by_change}&f1=bug_id&o1=greaterthan&v1=1") == [2]
    assert ids(three, f"{by_change}&f2=bug_id&o2=greaterthan&v2=1") == [1, 2]


def test_creator_brings_its_detail_and_a_dotted_name_a_part(three: Handler) -> None:
    rows = body(ask(three, "/rest/bug?id=1,2&order=bug_id&include_fields=id,creator,comments.id,history"))[
        "bugs"
    ]
    assert rows[0] == {"id": 1, "comments": [{"id": 7}], "history": []}
    assert rows[1]["creator_detail"] == {"id": 9, "nick": "ada"}


def test_extra_fields_are_not_sent_unasked(three: Handler) -> None:
    first = body(ask(three, "/rest/bug?id=1"))["bugs"][0]
    assert "history" not in first
    assert "comments" not in first
    assert first["product"] == "P"


@pytest.mark.parametrize(("query", "status", "code"), [
    ("limit=5&include_fields=id", 400, 1000),
    ("product=P&offset=3", 400, 50),
    ("f1=bug_id&o1=resembles&v1=3", 400, 32000),
])  # fmt: skip
def test_refusals_carry_the_real_codes(three: Handler, query: str, status: int, code: int) -> None:
    response = ask(three, f"/rest/bug?{query}")
    assert response.status == status
    assert body(response)["code"] == code
    assert body(response)["error"] is True


def test_an_unknown_order_is_dropped_without_an_error(world: World) -> None:
    handler = interface(world.bugzilla, world.now["bugzilla"])
    rows = ids(handler, "product=Firefox&order=bugid")
    assert sorted(rows) == ids(handler, "product=Firefox&order=bug_id")
    assert rows != sorted(rows)


def test_unknown_bugs_and_paths_are_404_in_json(three: Handler) -> None:
    assert body(ask(three, "/rest/bug/99"))["code"] == 101
    assert body(ask(three, "/rest/nothing"))["code"] == 32614
    assert ask(three, "/rest/bug/99/history?ids=1&skip_private=1").status == 200


def flag_rows(handler: Handler, query: str = "", about: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = body(ask(handler, f"/rest/review/flag_activity{about}?{query}"))
    return rows


def test_flag_activity_is_by_days_both_included_and_of_the_last_thirty_unasked(world: World) -> None:
    handler = interface(world.bugzilla, world.now["bugzilla"])
    every = flag_rows(handler, "after=2000-01-01")
    assert len(every) > 100
    day = every[0]["creation_time"][:10]
    of_day = flag_rows(handler, f"after={day}&before={day}")
    assert {row["id"] for row in of_day} == {r["id"] for r in every if r["creation_time"][:10] == day}
    assert 0 < len(flag_rows(handler)) < len(every)
    times = [row["creation_time"] for row in every]
    assert times != sorted(times), "no order is promised"
    assert all(set(row["setter"]) == {"id", "nick", "real_name", "name"} for row in every)


def test_flag_activity_is_cut_before_what_may_not_be_seen_is_left_out(world: World) -> None:
    handler = interface(world.bugzilla, world.now["bugzilla"])
    every = flag_rows(handler, "after=2000-01-01")
    first = flag_rows(handler, "after=2000-01-01&limit=50")
    assert 0 < len(first) < 50
    assert flag_rows(handler, "after=2000-01-01&limit=1") == []
    seen = first + flag_rows(handler, "after=2000-01-01&offset=50")
    assert [row["id"] for row in seen] == [row["id"] for row in every]


def test_a_flag_that_its_requestee_clears_is_an_x(world: World) -> None:
    handler = interface(world.bugzilla, world.now["bugzilla"])
    every = flag_rows(handler, "after=2000-01-01")
    assert {row["status"] for row in every} == {"?", "+", "X"}
    (setter, flag) = (every[0]["setter"]["name"], every[0]["flag_id"])
    assert all(
        row["setter"]["name"] == setter for row in flag_rows(handler, "after=2000-01-01", f"/setter/{setter}")
    )
    assert {row["flag_id"] for row in flag_rows(handler, "after=2000-01-01", f"/{flag}")} == {flag}
    assert ask(handler, "/rest/review/flag_activity?after=yesterday").status == 400


def test_products_hold_the_components_that_bugs_name(world: World) -> None:
    handler = interface(world.bugzilla, world.now["bugzilla"])
    rows = body(ask(handler, "/rest/product?type=accessible&include_fields=id,name,components.name"))[
        "products"
    ]
    found = {(row["name"], part["name"]) for row in rows for part in row["components"]}
    assert found == {(bug["product"], bug["component"]) for bug in world.bugzilla}
    assert {name for row in rows for name in row} == {"id", "name", "components"}
    assert ask(handler, "/rest/product").status == 400


def test_a_key_tells_whose_it_is_and_a_wrong_one_is_306(three: Handler) -> None:
    names = {"X-BUGZILLA-API-KEY": "a key of an insider"}
    groups = {group["name"] for group in body(ask(three, "/rest/whoami", **names))["groups"]}
    assert "mozilla-employee-confidential" in groups
    assert body(ask(three, "/rest/whoami"))["code"] == 410
    wrong = ask(three, "/rest/bug?id=1", **{"X-BUGZILLA-API-KEY": "nobody's"})
    assert (wrong.status, body(wrong)["code"]) == (400, 306)


def test_the_databases_clock_is_the_worlds(three: Handler, world: World) -> None:
    assert body(ask(three, "/rest/time"))["db_time"] == world.now["bugzilla"].strftime("%Y-%m-%dT%H:%M:%SZ")

"""The Reps portal's simulated interface, held against recorded answers of the real one."""

from __future__ import annotations

import pytest

from pipelines.simulation.servers.http_server import Handler
from pipelines.simulation.servers.reps import interface
from pipelines.simulation.world import World

from .conftest import Load, ask, body
from .shapes import lacking, unknown

SAMPLES = "reps/api_samples"
ADDED_LATER = {".mobilising_skills", ".mobilising_interests"}
"""The interface got these after the recording."""

NULL_IN_LIFE = {
    "users": set(),
    "events": {".initiative", ".categories[]", ".categories[].name"},
    "activities": {".initiative", ".event"},
}
"""One record was recorded of each kind: what was null or empty in it, and the other way round."""


@pytest.fixture(scope="module")
def handler(world: World) -> Handler:
    return interface(world.reps)


@pytest.mark.parametrize("kind", ["users", "events", "activities"])
def test_details_have_the_real_keys_and_types(kind: str, handler: Handler, recorded: Load) -> None:
    theirs = recorded(f"{SAMPLES}/remo_{kind}.json")
    row = body(ask(handler, f"/api/remo/v1/{kind}/"))["results"][0]
    ours = body(ask(handler, row["_url"].removeprefix("http://x.example")))
    assert unknown(theirs, ours) <= ADDED_LATER | NULL_IN_LIFE[kind]
    assert lacking(theirs, ours) <= NULL_IN_LIFE[kind]


@pytest.mark.parametrize("kind", ["users", "events", "activities"])
def test_lists_have_the_real_keys_and_types(kind: str, handler: Handler, recorded: Load) -> None:
    theirs = recorded(f"{SAMPLES}/remo_{kind}_page_1_2.json")
    ours = body(ask(handler, f"/api/remo/v1/{kind}/?page=1&orderby=ASC"))
    ours["next"] = theirs["next"]
    assert not unknown(theirs, ours)
    assert not lacking(theirs, ours)


def test_every_page_together_holds_every_record_once(handler: Handler, world: World) -> None:
    page, met = 1, []
    while page:
        answer = body(ask(handler, f"/api/remo/v1/activities/?page={page}&orderby=ASC"))
        met += [row["_url"] for row in answer["results"]]
        page = page + 1 if answer["next"] else 0
    assert len(met) == answer["count"] == len(set(met)) == len(world.reps.activities)


def test_a_page_past_the_end_and_an_unknown_record_are_404(handler: Handler) -> None:
    assert body(ask(handler, "/api/remo/v1/users/?page=999"))["detail"].startswith('Invalid page "999"')
    assert ask(handler, "/api/remo/v1/events/1/").status == 404


def test_filters_are_exact_and_unknown_parameters_ignored(handler: Handler, world: World) -> None:
    wanted = sum(event["country"] == "Brazil" for event in world.reps.events)
    assert 0 < wanted < len(world.reps.events)
    assert body(ask(handler, "/api/remo/v1/events/?country=Brazil"))["count"] == wanted
    assert body(ask(handler, "/api/remo/v1/events/?country=Braz"))["count"] == 0
    assert body(ask(handler, "/api/remo/v1/events/?start__gte=2025-01-01"))["count"] == len(world.reps.events)


def test_links_lead_to_the_host_that_was_asked(handler: Handler) -> None:
    answer = ask(handler, "/api/remo/v1/events/", host="127.0.0.1:99")
    assert b"reps.mozilla.org/api" not in answer.body
    assert body(answer)["results"][0]["_url"].startswith("http://127.0.0.1:99/api/remo/v1/events/")

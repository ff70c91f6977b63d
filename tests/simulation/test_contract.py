"""Every recorded answer of a running program, in whatever state it was: our side of the contract.

What was answered well passes the border and has no key that our simulated records lack; what was refused is
taken for what it is. Skipped visibly where the recorded answers are not. Not in here: that the simulated
servers give the very same answers (`test_pontoon.py`, `test_sumo.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from pipelines.border import border_table
from pipelines.simulation.servers import knowledge
from pipelines.simulation.servers.pontoon import NOT_SENT
from pipelines.simulation.world import World
from pipelines.sources import SOURCES
from pipelines.sources.http import SourceBlocked, SourceDenied, SourceDown
from pipelines.sources.spec import Source, SourceChanged, Stream
from tests.scripted import Reply, client_of, scripted
from tests.simulation.conftest import RECORDED, Load, names
from tests.simulation.shapes import lacking

KINDS = {
    "/api/2/question/": ("sumo", "questions"),
    "/api/2/answer/": ("sumo", "answers"),
    "/api/2/user/": ("sumo", "users"),
    "/api/1/products/": ("sumo", "products"),
    "/api/2/locales/": ("sumo", "locales"),
    "/api/v2/user-actions/": ("pontoon", "user_actions"),
    "/api/v2/projects/": ("pontoon", "projects"),
    "/api/v2/locales/": ("pontoon", "locales"),
}
"""The beginning of a path -> whose records it answers with, where we read them."""

NEVER_MADE = {
    # what no invented action or project has: notes on a translation, statistics by locale in its own answer
    "user_actions": {"[].translation.properties", "[].translation.warnings", "[].translation.errors"},
    "projects": {"[].localizations", "[].localizations[]"},
    "locales": {"[].localizations", "[].localizations[]"},
}


def kind_of(case: dict[str, Any]) -> tuple[Source, Stream] | None:
    """The stream that an answer's records would fill; None where we do not ask for such an answer."""
    path, query = case["request"]["path"], case["request"].get("query") or ""
    if case["request"]["method"] != "GET" or "fields=" in query or "weekly" in path or "/topic/" in path:
        return None
    for start, (source, name) in KINDS.items():
        if path.startswith(start):
            return SOURCES[source], next(one for one in SOURCES[source].streams if one.name == name)
    return None


def is_good(case: dict[str, Any]) -> bool:
    return case["status"] == 200 and kind_of(case) is not None


def is_refusal(case: dict[str, Any]) -> bool:
    return case["status"] != 200 and case["request"]["method"] == "GET"


def those(chosen: Callable[[dict[str, Any]], bool]) -> list[Any]:
    """The recorded answers of which this is true; one visible skip where there is no recording."""
    every = names("*/live_api/*.json")
    if not isinstance(every[0], str):
        return every
    return [name for name in every if chosen(json.loads((RECORDED / name).read_text()))]


def records_of(case: dict[str, Any]) -> list[Any]:
    """The records of a good answer, as its walk hands them on."""
    body = case["body"]
    if "actions" in body:
        return [{**action, "project": body["project"]} for action in body["actions"]]
    if case["request"]["path"] == "/api/2/locales/":
        return [{**row, "code": code} for code, row in body.items()]
    return list(body["results"]) if "results" in body else [body]


SAMPLE = 150


@pytest.fixture(scope="module")
def made(world: World) -> Callable[[str, str], list[Any]]:
    """Some records of a kind, from all over the invented world; made once."""

    @cache
    def some(source: str, name: str) -> list[Any]:
        rows = made_records(world, source, name)
        return rows[:: max(1, len(rows) // SAMPLE)]

    return some


def made_records(world: World, source: str, name: str) -> list[Any]:
    """What the invented world has of the same kind, as its server sends it."""
    if source == "sumo":
        if name == "locales":
            return [{**row, "code": code} for code, row in knowledge.locales(world.sumo).items()]
        return knowledge.products(world.sumo) if name == "products" else getattr(world.sumo, name)
    if name == "user_actions":
        return [
            {**action, "project": {"pk": 1, "slug": slug, "name": slug}}
            for (slug, _), actions in world.pontoon.actions.items()
            for action in actions
        ]
    rows = world.pontoon.projects if name == "projects" else world.pontoon.locales
    return [{part: value for part, value in row.items() if part not in NOT_SENT} for row in rows]


@pytest.mark.parametrize("name", those(is_good))
def test_a_recorded_good_answer_passes_the_border_and_holds_nothing_that_ours_lack(
    name: str, recorded: Load, made: Callable[[str, str], list[Any]]
) -> None:
    case = recorded(name)
    kind = kind_of(case)
    assert kind is not None
    source, stream = kind
    records = records_of(case)
    rows = [row for record in records for row in stream.rows(record, lambda _kind, value: str(value))]
    table = border_table(stream, rows, lambda _kind, value: str(value), "b", datetime.now(UTC))
    assert table.num_rows == len({tuple(str(row.get(part)) for part in stream.key) for row in rows})
    missing = lacking(records, made(source.name, stream.name))
    assert {path for path in missing if "localizations" not in path} <= NEVER_MADE.get(stream.name, set())


@pytest.mark.parametrize("name", those(is_refusal))
def test_a_recorded_refusal_is_taken_for_what_it_is(name: str, recorded: Load) -> None:
    case = recorded(name)
    status, kind = case["status"], case["headers"].get("Content-Type", "")
    source = SOURCES[name.split("/", maxsplit=1)[0]]
    blocks = source.name == "pontoon" and (status == 429 or (status == 403 and "html" in kind))
    expected = (
        SourceBlocked
        if blocks
        else SourceChanged if status < 400 else SourceDown if status >= 500 else SourceDenied
    )  # fmt: skip
    body = case["body"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {part: value for part, value in case["headers"].items() if part in ("Retry-After", "Location")}
    with (
        scripted(lambda _path, _n: Reply(status=status, raw=raw, content_type=kind, headers=headers)) as (
            root,
            asked,
        ),
        client_of(root, replace(source, html_paths=frozenset())) as client,
    ):
        with pytest.raises(expected) as refused:
            client.get(case["request"]["path"])
        if isinstance(refused.value, SourceDenied):
            assert refused.value.status == status
        assert len(asked) <= 4

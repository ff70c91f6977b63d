"""Pontoon's simulated interface, held against recorded answers of the real program."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.simulation.servers.http_server import Handler
from pipelines.simulation.servers.pontoon import interface
from pipelines.simulation.world import PontoonWorld, Record, World

from .conftest import Load, ask, body, names
from .shapes import lacking, unknown

LIVE = "pontoon/live_api"
TOKEN = "Bearer 17_" + "a" * 43
OTHER_STATE = ("after_", "email_", "throttle_", "server_zone_", "synthetic_")
NOT_SERVED = (
    "entit",
    "search_",
    "schema_",
    "pretranslate_",
    "graphql",
    "api_v1",
    "project_private_administrator",
)
BEYOND = (
    # tokens that are well-formed and bad, an administrator's token, statistics that were not recorded
    "user-actions_expired", "user-actions_revoked", "user-actions_token_of", "user-actions_unknown_token",
    "user-actions_wrong_secret", "user-actions_private_project_admin", "locales_with_expired",
    "projects_with_token_of_admin", "project_locale_fields",
)  # fmt: skip
AUTHORIZATION = {
    "malformed_token_empty": "Bearer ",
    "malformed_token": "Bearer nonsense",
    "wrong_scheme_Token": "Token 17_" + "a" * 43,
    "scheme_in_small_letters": "bearer 17_" + "a" * 43,
}


@pytest.fixture(scope="module")
def real(recorded: Load) -> PontoonWorld:
    """The recorded state of the real program, put together from its answers."""
    locales = [
        row
        for name in ("locales_page_1_default_size_100", "locales_page_2_last")
        for row in recorded(f"{LIVE}/{name}.json")["body"]["results"]
    ]
    projects = {
        row["slug"]: row
        for row in recorded(f"{LIVE}/projects_include_disabled_and_system.json")["body"]["results"]
    }
    private = recorded(f"{LIVE}/project_locale_private_project_anonymous.json")["body"]["project"]
    projects[private["slug"]] = {**private, "visibility": "private"}
    actions: dict[tuple[str, date], list[Record]] = {}
    for name in names(f"{LIVE}/user-actions_2026-*.json"):
        case = recorded(name)
        slug, day = case["body"]["project"]["slug"], case["request"]["path"].split("/")[4]
        actions[slug, date.fromisoformat(day)] = case["body"]["actions"]
        projects[slug].update(case["body"]["project"])
    projects["harbor-mail-app"]["old_slugs"] = ["harbor-mail"]
    for name in names(f"{LIVE}/project_*.json", "project_locale", *NOT_SERVED):
        case = recorded(name)
        if case["status"] == 200 and "localizations" in case["body"]:
            projects[case["body"]["slug"]]["localizations"] = case["body"]["localizations"]
    for name in names(f"{LIVE}/project_locale_*.json"):
        case = recorded(name)
        if case["status"] == 200 and "project" in case["body"]:
            entry = {
                **case["body"],
                "locale": {part: case["body"]["locale"][part] for part in ("code", "name")},
            }
            own = projects[entry.pop("project")["slug"]].setdefault("localizations", [])
            own += (
                [entry] if entry["locale"]["code"] not in {known["locale"]["code"] for known in own} else []
            )
    return PontoonWorld(locales, list(projects.values()), actions)


@pytest.fixture(scope="module")
def handler(real: PontoonWorld) -> Handler:
    return interface(real)


@pytest.mark.parametrize("name", names(f"{LIVE}/*.json", *OTHER_STATE, *NOT_SERVED, *BEYOND))
def test_answers_as_the_real_program_does(name: str, handler: Handler, recorded: Load) -> None:
    """Byte for byte the same JSON: pages, fields, refusals, redirects, and every day of every project."""
    case = recorded(name)
    request = case["request"]
    target = request["path"] + (f"?{request['query']}" if request["query"] else "")
    given = next(
        (value for part, value in AUTHORIZATION.items() if part in name),
        TOKEN if request["auth"] == "token" else None,
    )
    headers = {"Authorization": given} if given is not None else {}
    response = ask(handler, target, request["method"], host="pontoon.example.org", **headers)
    assert response.status == case["status"]
    assert response.content_type == case["headers"]["Content-Type"]
    assert dict(response.headers).get("Location") == case["headers"].get("Location")
    if "json" in response.content_type:
        ours = body(response)
        if isinstance(ours, dict) and "results" in ours:
            for link in ("next", "previous"):
                ours[link] = ours[link] and ours[link].replace("http:", "https:")
        theirs = case["body"]
        if "localizations" in theirs and "code" in theirs:
            ours, theirs = without_private_stats(ours), without_private_stats(theirs)
        assert ours == theirs


def without_private_stats(locale: dict[str, Any]) -> dict[str, Any]:
    """A locale's answer without `localizations`: not every project's were recorded."""
    return {name: value for name, value in locale.items() if name != "localizations"}


def test_generated_records_have_the_real_keys_and_types(real: PontoonWorld, world: World) -> None:
    ours = [row for rows in world.pontoon.actions.values() for row in rows]
    theirs = [row for rows in real.actions.values() for row in rows]
    assert not unknown(theirs, ours)
    assert lacking(theirs, ours) == {"[].translation.properties", "[].translation.warnings"}
    assert not unknown(real.locales, world.pontoon.locales)
    assert not lacking(real.locales, world.pontoon.locales)
    listed = body(
        ask(interface(world.pontoon), "/api/v2/projects/?include_disabled=true&include_system=true")
    )["results"]
    recorded_rows = [
        {n: v for n, v in row.items() if n not in ("pk", "old_slugs", "localizations")}
        for row in real.projects
    ]
    assert not unknown(recorded_rows, listed)
    assert not lacking(recorded_rows, listed)


def test_a_day_with_an_action_without_performer_fails_as_a_whole(real: PontoonWorld) -> None:
    (slug, day), rows = next((key, rows) for key, rows in real.actions.items() if rows)
    broken = PontoonWorld(real.locales, real.projects, {(slug, day): [{**rows[0], "user": None}]})
    response = ask(interface(broken), f"/api/v2/user-actions/{day}/project/{slug}/", Authorization=TOKEN)
    assert response.status == 500
    assert "html" in response.content_type


def test_private_projects_are_listed_nowhere_and_their_days_are_refused(world: World) -> None:
    handler = interface(world.pontoon)
    everything = body(ask(handler, "/api/v2/projects/?include_disabled=true&include_system=true&fields=slug"))
    private = [row["slug"] for row in world.pontoon.projects if row["visibility"] == "private"]
    assert private
    assert not set(private) & {row["slug"] for row in everything["results"]}
    for slug in private:
        answer = ask(handler, f"/api/v2/user-actions/2025-01-01/project/{slug}/", Authorization=TOKEN)
        assert answer.status == 403
        assert "permission" in body(answer)["detail"]

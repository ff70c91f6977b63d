"""Pontoon's interface (`/api/v2/`): locales, projects and the day-by-day actions of a world.

As the running program answers (recorded answers are compared in `tests/simulation/test_pontoon.py`): page
sizes 100 to 1000, `fields`, 403 for every trouble with a token even where none is needed, retired and
system projects listed only for the word `true`, redirects for a renamed slug everywhere but in the feed, a
JSON list as the body of a bad date, the HTML 500 of a day with an action that has no performer.

A well-formed token is accepted whatever it says. Private projects (`visibility` private) answer 403 in the
feed and 404 elsewhere. Statistics by project and locale come from a project row's `localizations`.
Not served: entities, search and pretranslation (404, as an unknown path).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from pipelines.simulation.servers.http_server import (
    Handler,
    Request,
    Response,
    answer_json,
    dump,
    envelope,
    html,
    moved,
    page_number,
)
from pipelines.simulation.world import PontoonWorld, Record

DEFAULT_ROWS, MOST_ROWS = 100, 1000
BASE = "/api/v2/"
NOT_SENT = frozenset({"pk", "old_slugs", "old_codes", "localizations"})
HEADERS = (("Vary", "Accept, Cookie, origin"), ("Allow", "GET, HEAD, OPTIONS"))
NO_PROJECT = "No Project matches the given query."
NO_LOCALE = "No Locale matches the given query."


def interface(world: PontoonWorld) -> Handler:
    """The handler of all paths."""
    community = Community(world)
    routes: tuple[tuple[re.Pattern[str], Callable[..., Response]], ...] = (
        (re.compile(r"locales/"), community.locales),
        (re.compile(r"projects/"), community.projects),
        (re.compile(r"locales/(?P<code>[^/]+)/"), community.locale),
        (re.compile(r"projects/(?P<slug>[^/]+)/"), community.project),
        (re.compile(r"user-actions/(?P<day>[^/]+)/project/(?P<slug>[^/]+)/"), community.actions),
        (re.compile(r"(?P<code>[A-Za-z0-9-]+)/(?P<slug>[^/]+)/"), community.project_locale),
    )

    def handle(request: Request) -> Response:
        if not request.path.startswith(BASE):
            return html(404, "Page not found")
        rest = request.path[len(BASE) :]
        slashed = rest if rest.endswith("/") else rest + "/"
        for pattern, view in routes:
            found = pattern.fullmatch(slashed)
            if found is None or found.groupdict().get("code") in RESERVED:
                continue
            if slashed != rest:
                return moved(BASE + slashed, 301)
            refusal = token_refusal(request)
            if refusal:
                return _detail(refusal, 403)
            if request.method not in ("GET", "HEAD"):
                return _detail(f'Method "{request.method}" not allowed.', 405)
            return view(request, **found.groupdict())
        return html(404, "Page not found")

    return handle


RESERVED = frozenset(
    {"entities", "search", "user-actions", "pretranslate", "schema", "users", "locales", "projects"}
)


def _detail(text: str, status: int) -> Response:
    return answer_json({"detail": text}, status, HEADERS)


def has_token(request: Request) -> bool:
    """Another scheme, `bearer` in small letters or no token after it count as no credentials."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme == "Bearer" and bool(token.strip())


def token_refusal(request: Request) -> str | None:
    """What is wrong with the token, None when there is none or it looks right (id, `_`, 43 characters)."""
    if not has_token(request):
        return None
    token = request.headers["authorization"].partition(" ")[2].strip()
    return None if re.fullmatch(r"\d+_[A-Za-z0-9_-]{43}", token) else "Malformed token format."


class Community:
    """A Pontoon world, ready to be answered: rows in the order of their code or slug, days kept as JSON."""

    def __init__(self, world: PontoonWorld) -> None:
        self._locales = {row["code"]: row for row in sorted(world.locales, key=lambda row: row["code"])}
        self._projects = {row["slug"]: row for row in sorted(world.projects, key=lambda row: row["slug"])}
        self._old_slugs = {old: row["slug"] for row in world.projects for old in row.get("old_slugs") or ()}
        self._old_codes = {old: row["code"] for row in world.locales for old in row.get("old_codes") or ()}
        self._actions = world.actions
        self._days: dict[tuple[str, date], bytes] = {}

    def locales(self, request: Request) -> Response:
        return _page(request, list(self._locales.values()))

    def projects(self, request: Request) -> Response:
        shown = [row for row in self._projects.values() if row["visibility"] == "public"]
        if request.last("include_disabled") != "true":
            shown = [row for row in shown if not row["disabled"]]
        if request.last("include_system") != "true":
            shown = [row for row in shown if not row["system_project"]]
        return _page(request, shown)

    def locale(self, request: Request, code: str) -> Response:
        row = self._locales.get(code)
        if row is None:
            new = self._old_codes.get(code)
            return moved(f"{BASE}locales/{new}/", 302) if new else _detail(NO_LOCALE, 404)
        own = []
        for project in self._projects.values():
            if (
                project["visibility"] == "public"
                and not project["disabled"]
                and not project["system_project"]
            ):
                part = {"project": {"slug": project["slug"], "name": project["name"]}}
                own += [{**part, **_stats(entry)} for entry in _localizations(project, code)]
        return _row(request, {**_sent(row), "localizations": own})

    def project(self, request: Request, slug: str) -> Response:
        row = self._projects.get(slug)
        if row is None and slug in self._old_slugs:
            return moved(f"{BASE}projects/{self._old_slugs[slug]}/", 302)
        if row is None or row["disabled"] or row["visibility"] != "public":
            return _detail(NO_PROJECT, 404)
        return _row(request, {**_sent(row), "localizations": row.get("localizations") or []})

    def project_locale(self, request: Request, code: str, slug: str) -> Response:
        """Checks neither visibility nor whether the project is retired: so does Pontoon."""
        new_code, new_slug = self._old_codes.get(code, code), self._old_slugs.get(slug, slug)
        locale, project = self._locales.get(new_code), self._projects.get(new_slug)
        if locale is None or project is None:
            return _detail(NO_LOCALE if locale is None else NO_PROJECT, 404)
        if (new_code, new_slug) != (code, slug):
            return moved(f"{BASE}{new_code}/{new_slug}/", 302)
        found = _localizations(project, code)
        if not found:
            return _detail("No ProjectLocale matches the given query.", 404)
        parts = {
            "locale": {name: value for name, value in _sent(locale).items() if name != "projects"},
            "project": {
                name: value for name, value in _sent(project).items() if name not in ("locales", "tags")
            },
        }
        return _row(request, {**parts, **_stats(found[0])})

    def actions(self, request: Request, day: str, slug: str) -> Response:
        """One day of one project; the slug must be the present one."""
        if not has_token(request):
            return _detail("Authentication credentials were not provided.", 403)
        try:
            on = datetime.strptime(day, "%Y-%m-%d").date()
        except ValueError:
            return answer_json(["Bad Request in kwarg: 'date'."], 400, HEADERS)
        project = self._projects.get(slug)
        if project is None:
            return _detail(NO_PROJECT, 404)
        if project["visibility"] != "public":
            return _detail("You do not have permission to access data for this project.", 403)
        found = self._actions.get((slug, on), [])
        if any(not action.get("user") for action in found):
            return html(500, "Server Error")
        written = self._days.get((slug, on))
        if written is None:
            head = {"pk": project["pk"], "slug": slug, "name": project["name"]}
            written = self._days[slug, on] = dump({"actions": found, "project": head})
        return Response(200, written, headers=HEADERS)


def _localizations(project: Record, code: str) -> list[Record]:
    return [entry for entry in project.get("localizations") or () if entry["locale"]["code"] == code]


def _stats(entry: Record) -> Record:
    return {name: value for name, value in entry.items() if name != "locale"}


def _sent(row: Record) -> Record:
    return {name: value for name, value in row.items() if name not in NOT_SENT}


def _wanted(request: Request, row: Record) -> Record:
    """The fields asked for, in the row's own order; names are compared as they stand, blanks included."""
    asked = request.last("fields")
    if not asked:
        return row
    names = asked.split(",")
    return {name: value for name, value in row.items() if name in names}


def _row(request: Request, row: Record) -> Response:
    return answer_json(_wanted(request, row), headers=HEADERS)


def _page(request: Request, rows: list[Record]) -> Response:
    given = request.last("page_size") or ""
    size = min(int(given), MOST_ROWS) if given.isdigit() and int(given) else DEFAULT_ROWS
    pages = max(1, -(-len(rows) // size))
    page = page_number(request.last("page"), pages)
    if page is None:
        return _detail("Invalid page.", 404)
    shown = [dump(_wanted(request, _sent(row))) for row in rows[(page - 1) * size : page * size]]
    return envelope(request, shown, len(rows), page, pages)

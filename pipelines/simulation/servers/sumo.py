"""SUMO's interface (Kitsune, `/api/2/`): questions, answers and profiles of a world.

Kitsune is Django REST framework with django-filter; its manners are kept: 20 rows a page whatever is asked,
unknown parameters, unknown order fields, unknown truth values and empty values ignored without an error,
`gt` and `lt` only, times without an offset read in US/Pacific, 404 `Invalid page.` past the end. Evidence:
the recorded answers that `tests/simulation/test_sumo.py` compares with.

Products, locales and the list of revisions are in `knowledge.py`. Not served, because a world holds no such
records: articles, metrics (`/api/v1/kpi/`), cohorts; these paths answer the HTML 404 of an unknown path.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.simulation.servers.http_server import (
    Handler,
    Params,
    Request,
    Response,
    answer_json,
    dump,
    envelope,
    html,
    moved,
    page_number,
)
from pipelines.simulation.servers.knowledge import LIST, locales, products, revision_list
from pipelines.simulation.world import Record, SumoWorld

PAGE_ROWS = 20
SERVER_ZONE = ZoneInfo("US/Pacific")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_SELECTIONS = 16
"""How many results are remembered: a walk by page asks for the same selection again and again."""

Match = Callable[[Record], bool]
Selection = tuple[list[int], int, int]
"""Places in order, and the part [start, end) of them that was selected: nothing is copied."""


class BadValue(Exception):
    """A parameter that Kitsune answers with 400 and this body."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__("bad value")
        self.body = body


def interface(world: SumoWorld, now: datetime) -> Handler:
    """The handler of all paths. `now` (UTC) matters for the weekly list alone."""
    usernames_by_id = {str(user["id"]): user["username"] for user in world.users}
    questions = Table(world.questions, QUESTION_ORDERS, _question_filters(world.questions))
    answers = Table(world.answers, ANSWER_ORDERS, _answer_filters(usernames_by_id))
    users = Table(sorted(world.users, key=_joined, reverse=True), (), {})
    by_username = {user["username"]: place for place, user in enumerate(users.records)}
    lists = {"/api/2/question/": ("Question", questions), "/api/2/answer/": ("Answer", answers)}

    def handle(request: Request) -> Response:
        path = request.path
        if path == LIST:
            return revision_list(world.revisions, request)
        if path == "/api/1/products/":
            return _products(request, products(world))
        if path == "/api/2/locales/":
            return answer_json(locales(world), headers=HEADERS)
        if path.rstrip("/") == "/api/2/user/weekly-solutions":
            return answer_json(_weekly_solutions(world, now), headers=HEADERS)
        known = path.startswith(("/api/2/question", "/api/2/answer", "/api/2/user"))
        if not known or path.count("/") > 5:
            return html(404, "Page Not Found")
        if not path.endswith("/"):
            return moved(path + "/", 301)
        if request.method not in ("GET", "HEAD"):
            detail = {"detail": "Authentication credentials were not provided."}
            return answer_json(detail, 401, (("WWW-Authenticate", "Token"), *HEADERS))
        if path in lists:
            return _list(request, lists[path][1])
        if path == "/api/2/user/":
            return _page(request, users, (users.in_order, 0, len(users.in_order)))
        start, _, key = path[:-1].rpartition("/")
        if start == "/api/2/user":
            return _one(users, by_username.get(key), "Profile")
        if start + "/" in lists:
            name, table = lists[start + "/"]
            return _one(table, table.place_of.get(key), name)
        return html(404, "Page Not Found")

    return handle


HEADERS = (
    ("Allow", "GET, HEAD, OPTIONS"),
    ("Vary", "origin, Accept-Language"),
    ("Content-Language", "en-US"),
)


def _joined(user: Record) -> tuple[int, int]:
    return microseconds(user["date_joined"]) if user.get("date_joined") else 0, int(user["id"])


def _list(request: Request, table: Table) -> Response:
    try:
        selection = table.select(request.params)
    except BadValue as refused:
        return answer_json(refused.body, 400, HEADERS)
    return _page(request, table, selection)


def _products(request: Request, rows: list[Record]) -> Response:
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    page = page_number(request.last("page"), pages)
    if page is None:
        return answer_json({"detail": "Invalid page."}, 404, HEADERS)
    shown = [dump(row) for row in rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]]
    return envelope(request, shown, len(rows), page, pages)


def _page(request: Request, table: Table, selection: Selection) -> Response:
    places, start, end = selection
    count = end - start
    pages = max(1, -(-count // PAGE_ROWS))
    page = page_number(request.last("page"), pages)
    if page is None:
        return answer_json({"detail": "Invalid page."}, 404, HEADERS)
    first = start + (page - 1) * PAGE_ROWS
    rows = [table.row(place) for place in places[first : min(first + PAGE_ROWS, end)]]
    return envelope(request, rows, count, page, pages)


def _one(table: Table, place: int | None, name: str) -> Response:
    if place is None:
        return answer_json({"detail": f"No {name} matches the given query."}, 404, HEADERS)
    return Response(200, table.row(place), headers=HEADERS)


def _weekly_solutions(world: SumoWorld, now: datetime) -> list[Record]:
    """The ten people with most solutions whose answer was created in the last seven days."""
    since = microseconds_of(now - timedelta(days=7))
    created = {answer["id"]: answer["created"] for answer in world.answers}
    people: dict[str, Record] = {}
    for question in world.questions:
        author, solution = question.get("solved_by"), question.get("solution")
        if author and solution in created and microseconds(created[solution]) >= since:
            row = people.setdefault(author["username"], {**author, "weekly_solutions": 0})
            row["weekly_solutions"] += 1
    return sorted(people.values(), key=lambda row: (-row["weekly_solutions"], row["username"]))[:10]


# --- Times -------------------------------------------------------------------------------------


def microseconds_of(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def microseconds(value: str) -> int:
    """An instant as Kitsune writes it, or takes it: without offset it is US/Pacific. ValueError if none."""
    if value.isascii() and value.isdigit():
        raise ValueError("an epoch number is not an instant")
    moment = datetime.fromisoformat(value)
    return microseconds_of(moment if moment.tzinfo else moment.replace(tzinfo=SERVER_ZONE))


# --- Tables ------------------------------------------------------------------------------------


class Table:
    """Records with what makes answering fast: sorted instants to bisect, JSON kept once written.

    orders: fields that `ordering` accepts. filters: parameter -> (value -> condition, or None when the
    value is one that Kitsune ignores; `BadValue` when it refuses it).
    """

    def __init__(
        self,
        records: list[Record],
        orders: tuple[str, ...],
        filters: dict[str, Callable[[str], Match | None]],
    ) -> None:
        self.records, self.filters = records, filters
        self.orders = frozenset(orders)
        self.place_of = {str(record["id"]): place for place, record in enumerate(records)}
        self.in_order = list(range(len(records)))
        self._json: list[bytes | None] = [None] * len(records)
        self._selected = lru_cache(KEPT_SELECTIONS)(self._select)
        self.instants = {
            name: [microseconds(r[name]) for r in records] for name in INSTANTS if name in orders
        }
        self.by_id = sorted(range(len(records)), key=lambda place: records[place]["id"])
        self.sorted = {name: _Sorted(self.by_id, values) for name, values in self.instants.items()}

    def row(self, place: int) -> bytes:
        """A record as JSON; `</` is escaped, as Kitsune does."""
        written = self._json[place]
        if written is None:
            written = self._json[place] = dump(self.records[place]).replace(b"</", b"<\\/")
        return written

    def select(self, params: Params) -> Selection:
        """The records that fit, in the order asked for. Raises BadValue."""
        return self._selected(tuple((name, value) for name, value in dict(params).items() if name != "page"))

    def _select(self, asked: Params) -> Selection:
        bounds, matches = self._conditions(asked)
        order = self._order(dict(asked).get("ordering"))
        if not matches and len(bounds) == 1:
            (name, (low, high)), *_ = bounds.items()
            if order in ([(name, False)], [(name, False), ("id", False)]):
                return self.sorted[name].between(low, high)
        found: Iterable[int] = self.by_id
        for name, (low, high) in bounds.items():
            places, start, end = self.sorted[name].between(low, high)
            found = set(places[start:end]).intersection(found)
        fitting = [place for place in found if all(match(self.records[place]) for match in matches)]
        self._sort(fitting, order)
        return fitting, 0, len(fitting)

    def _conditions(self, asked: Params) -> tuple[dict[str, tuple[int, int]], list[Match]]:
        """Bounds [low, high) in microseconds by field, and the other conditions."""
        bounds: dict[str, tuple[int, int]] = {}
        matches: list[Match] = []
        errors: dict[str, Any] = {}
        for name, value in asked:
            field, _, comparison = name.partition("__")
            if value == "":
                continue
            if field in self.instants and comparison in ("", "gt", "lt"):
                try:
                    instant = microseconds(value)
                except ValueError:
                    errors[name] = ["Enter a valid date/time."]
                    continue
                low, high = bounds.get(field, (-(2**63), 2**63))
                if comparison in ("", "gt"):
                    low = max(low, instant + (comparison == "gt"))
                if comparison in ("", "lt"):
                    high = min(high, instant + (comparison == ""))
                bounds[field] = low, high
            elif name in self.filters:
                match = self.filters[name](value)
                if match is not None:
                    matches.append(match)
        if errors:
            raise BadValue(errors)
        return bounds, matches

    def _order(self, given: str | None) -> list[tuple[str, bool]]:
        """(field, descending) of the known fields among those given; the default when none is known."""
        terms = [term.strip() for term in (given or "").split(",")]
        known = [
            (term.lstrip("-"), term.startswith("-"))
            for term in terms
            if term.removeprefix("-") in self.orders
        ]
        return known or [("id", True)]

    def _sort(self, places: list[int], order: list[tuple[str, bool]]) -> None:
        """In place. Null values come last, first when descending, as in PostgreSQL; ties by id."""
        places.sort(key=lambda place: self.records[place]["id"])
        for name, descending in reversed(order):
            places.sort(key=self._order_key(name), reverse=descending)

    def _order_key(self, name: str) -> Callable[[int], Any]:
        if name in self.instants:
            return self.instants[name].__getitem__
        return lambda place: _nulls_last(self.records[place].get(name))


class _Sorted:
    """Places in the order of (value, id), and the values beside them."""

    def __init__(self, by_id: list[int], values: list[int]) -> None:
        self.places = sorted(by_id, key=values.__getitem__)
        self.values = [values[place] for place in self.places]

    def between(self, low: int, high: int) -> Selection:
        start = bisect_left(self.values, low)
        return self.places, start, max(start, bisect_left(self.values, high))


def _nulls_last(value: Any) -> tuple[bool, Any]:
    return value is None, 0 if value is None else value


# --- Filters -----------------------------------------------------------------------------------

INSTANTS = ("created", "updated")
QUESTION_ORDERS = ("id", "created", "last_answer", "num_answers", "num_votes_past_week", "updated")
ANSWER_ORDERS = ("id", "created", "updated")
TRUE, FALSE = ("true", "True"), ("false", "False")


def _question_filters(questions: list[Record]) -> dict[str, Callable[[str], Match | None]]:
    locales = {question["locale"] for question in questions}
    slugs = sorted({question["topic"] for question in questions if question.get("topic")})

    def locale(value: str) -> Match:
        if value not in locales:
            raise BadValue(
                {"locale": [f"Select a valid choice. {value} is not one of the available choices."]}
            )
        return _equals("locale")(value)

    def topic(value: str) -> Match:
        """A number here although the record shows a slug; topics are numbered from 1 in order of slug."""
        wanted = slugs[int(value) - 1] if value.isdigit() and 0 < int(value) <= len(slugs) else None
        return lambda question: wanted is not None and question.get("topic") == wanted

    return {
        "product": _equals("product"),
        "title": _equals("title"),
        "locale": locale,
        "topic": topic,
        "num_answers": lambda value: lambda question: str(question.get("num_answers")) == value,
        "creator": _username("creator"),
        "solved_by": _username("solved_by"),
        "taken_by": _username("taken_by"),
        "involved": lambda value: (
            lambda question: any(p["username"] == value for p in question.get("involved") or ())
        ),
        "is_spam": _truth("is_spam", TRUE, FALSE),
        "is_locked": _truth("is_locked", TRUE, FALSE),
        "is_archived": _truth("is_archived", TRUE, FALSE),
        "is_solved": _truth("is_solved", (*TRUE, "1"), (*FALSE, "0")),
        "is_taken": _truth("is_taken", (*TRUE, "1"), (*FALSE, "0")),
        "metadata": _metadata,
    }


def _answer_filters(usernames_by_id: dict[str, str]) -> dict[str, Callable[[str], Match | None]]:
    return {
        "question": lambda value: lambda answer: str(answer["question"]) == value,
        "creator": _username("creator"),
        "updated_by": lambda value: _username("updated_by")(usernames_by_id.get(value, value)),
        "is_spam": _truth("is_spam", TRUE, FALSE),
    }


def _equals(name: str) -> Callable[[str], Match]:
    return lambda value: lambda record: record.get(name) == value


def _username(name: str) -> Callable[[str], Match]:
    return lambda value: lambda record: (record.get(name) or {}).get("username") == value


def _truth(name: str, yes: tuple[str, ...], no: tuple[str, ...]) -> Callable[[str], Match | None]:
    """A truth value in the words that this filter knows; any other word is ignored, as Kitsune does."""

    def condition(value: str) -> Match | None:
        if value in yes:
            return lambda record: record.get(name) is True
        if value in no:
            return lambda record: record.get(name) is False
        return None

    return condition


def _metadata(value: str) -> Match:
    try:
        wanted = json.loads(value)
    except ValueError:
        raise BadValue({"detail": "metadata must be valid JSON."}) from None
    if not isinstance(wanted, dict):
        raise BadValue({"detail": "metadata must be valid JSON."})
    pairs = {
        (str(name), str(each))
        for name, given in wanted.items()
        for each in (given if isinstance(given, list) else [given])
    }

    def match(question: Record) -> bool:
        has = {(entry["name"], entry["value"]) for entry in question.get("metadata") or ()}
        return pairs <= has

    return match

"""Bugzilla's REST interface (BMO, `/rest/`): the bugs of a world with history, comments and attachments.

What searching needs is here with its manners: an unknown order column is dropped silently (the rows then
come in no order), a search without a criterion is refused with code 1000, `offset` without `limit` with
code 50, charts are overwritten where the server puts its own terms, null times never match a time filter.
Extra fields (history, comments, attachments ...) are sent only when asked for.

Flag activity is asked by days, both ends included; the server cuts at its limit first and leaves out what may
not be seen afterwards, so every fifth of its rows is one that nobody sees, and the rest come in an order that
says nothing. A key is known by whose it is (`KEYS`); any other is refused with code 306.

Not served: users, fields, log-in; those paths answer code 32614.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from pipelines.simulation.servers.flags import flag_events, products
from pipelines.simulation.servers.http_server import Handler, Request, Response, answer_json, dump
from pipelines.simulation.world import Record

MOST_ROWS = 10_000
DOCUMENTATION = "https://bmo.readthedocs.io/en/latest/api/"
EXTRA = frozenset({"attachments", "comments", "counts", "description", "filed_via", "history", "tags",
                   "triage_owner", "triage_owner_detail", "last_change_time_non_bot"})  # fmt: skip
LISTS = ("history", "comments", "attachments")
DETAILED = frozenset({"creator", "assigned_to", "cc", "qa_contact", "mentors", "triage_owner"})
PLAIN = ("product", "component", "status", "resolution", "type", "severity", "priority", "version",
         "target_milestone", "op_sys", "platform")  # fmt: skip
ROLES = ("creator", "assigned_to")
COLUMNS = {
    "bug_id": "id",
    "changeddate": "last_change_time",
    "opendate": "creation_time",
    "product": "product",
    "component": "component",
    "bug_status": "status",
    "resolution": "resolution",
    "priority": "priority",
    "bug_severity": "severity",
}
"""Column names of `order` and of charts -> field of the record."""

KEYS: dict[str, tuple[str, ...]] = {
    "a key of somebody": ("everyone", "editbugs"),
    "a key of an insider": ("everyone", "editbugs", "mozilla-employee-confidential"),
}
"""Invented keys, each with the groups of its account."""

UNSEEN_ONE_OF = 5
"""Of so many rows of flag activity, one belongs to a bug that nobody may see."""

IGNORED_CRITERIA = frozenset({"limit", "offset", "order", "include_fields", "exclude_fields", "count_only",
                              "Bugzilla_api_key", "api_key"})  # fmt: skip

Match = Callable[[Record], bool]


class Refused(Exception):
    """A request that Bugzilla answers with an error body."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code

    def response(self) -> Response:
        body = {"error": True, "code": self.code, "message": str(self), "documentation": DOCUMENTATION}
        return answer_json(body, self.status)


def interface(bugs: list[Record], now: datetime) -> Handler:
    """The handler of all paths. now: the database's clock, UTC."""
    store = Store(bugs)
    db_time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    clock = {"db_time": db_time, "web_time": db_time, "web_time_utc": db_time, "tz_name": "UTC",
             "tz_short_name": "UTC", "tz_offset": "+0000"}  # fmt: skip

    reviews = Reviews(bugs, now)

    def handle(request: Request) -> Response:
        try:
            key = request.headers.get("x-bugzilla-api-key")
            if key is not None and key not in KEYS:
                raise Refused(400, 306, "The API key you specified is invalid.")
            if request.method not in ("GET", "HEAD"):
                raise Refused(
                    404, 32614, f"A REST API resource was not found for '{request.method} {request.path}'."
                )
            path = request.path.rstrip("/")
            if path == "/rest/time":
                return answer_json(clock)
            if path == "/rest/bug":
                return search(store, request)
            if path == "/rest/whoami":
                return whoami(key)
            if path == "/rest/product":
                return products_of(bugs, request)
            if path.startswith("/rest/review/flag_activity"):
                return reviews.answer(request, path.removeprefix("/rest/review/flag_activity").strip("/"))
            found = re.fullmatch(r"/rest/bug/(\d+)(?:/(history|comment|attachment))?", path)
            if found:
                return by_id(store, request, int(found.group(1)), found.group(2))
            raise Refused(404, 32614, f"A REST API resource was not found for 'GET {request.path}'.")
        except Refused as refused:
            return refused.response()

    return handle


# --- The store ---------------------------------------------------------------------------------


def seconds(value: str | None) -> str | None:
    """A UTC stamp cut to whole seconds, comparable as text: `2026-03-01T10:11:12Z`; None stays None."""
    return None if value is None else value[:19] + "Z"


class Store:
    """Bugs in the orders that a walk asks for, and each bug's JSON once it was written for a field list."""

    def __init__(self, bugs: list[Record]) -> None:
        self.bugs = sorted(bugs, key=lambda bug: bug["id"])
        self.ids = [bug["id"] for bug in self.bugs]
        self.place_of = {number: place for place, number in enumerate(self.ids)}
        dated = [place for place, bug in enumerate(self.bugs) if bug.get("last_change_time")]
        self.by_change = sorted(
            dated, key=lambda place: (seconds(self.bugs[place]["last_change_time"]), place)
        )
        self.changes = [seconds(self.bugs[place]["last_change_time"]) or "" for place in self.by_change]
        self._written: dict[tuple[str | None, str | None], dict[int, bytes]] = {}

    def order_key(self, field: str) -> Callable[[int], Any]:
        """Place -> what to sort by; a place is in the order of ids already."""
        if field == "id":
            return lambda place: place
        return lambda place: (self.bugs[place].get(field) is not None, self.bugs[place].get(field))

    def written(self, place: int, include: str | None, exclude: str | None) -> bytes:
        kept = self._written.setdefault((include, exclude), {})
        if place not in kept:
            kept[place] = dump(shown(self.bugs[place], include, exclude))
        return kept[place]


def shown(bug: Record, include: str | None, exclude: str | None) -> Record:
    """The fields of a bug that are sent. `creator` brings `creator_detail`; `comments.id` a part of each."""
    full = {**{name: [] for name in LISTS}, **bug}
    wanted = _names(include) if include else {"_default": set()}
    answer: Record = {}
    for name, value in full.items():
        base = name.removesuffix("_detail")
        parts: set[str] | None = None
        if "_all" in wanted or name in wanted:
            parts = wanted.get(name, set())
        elif ("_default" in wanted and name not in EXTRA) or ("_extra" in wanted and name in EXTRA):
            parts = set()
        elif name != base and base in wanted and base in DETAILED:
            parts = wanted[base]
        if parts is not None:
            answer[name] = _cut(value, parts)
    dropped = set(_names(exclude)) if exclude else set()
    return {name: value for name, value in answer.items() if name not in dropped}


def _names(given: str) -> dict[str, set[str]]:
    """`id,comments.id,comments.count` -> {id: all of it, comments: {id, count}}; an empty set is all."""
    wanted: dict[str, set[str]] = {}
    whole: set[str] = set()
    for name in (part.strip() for part in given.split(",")):
        base, _, part = name.partition(".")
        wanted.setdefault(base, set())
        if part:
            wanted[base].add(part)
        else:
            whole.add(base)
    return {base: set() if base in whole else parts for base, parts in wanted.items()}


def _cut(value: Any, parts: set[str]) -> Any:
    if not parts:
        return value
    if isinstance(value, list):
        return [_cut(item, parts) for item in value]
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if name in parts}
    return value


# --- Search ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chart:
    """One boolean chart: column, operator, value."""

    column: str
    operator: str
    value: str

    def match(self) -> Match:
        field = COLUMNS.get(self.column)
        if field is None:
            raise Refused(400, 32000, f"Can't use {self.column} as a field name.")
        compare = OPERATORS.get(self.operator)
        if compare is None:
            raise Refused(400, 32000, f"Unknown operator {self.operator}.")
        wanted = _number(self.value) if field == "id" else self.value
        return lambda bug: bug.get(field) is not None and compare(bug[field], wanted)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda a, b: a == b,
    "notequals": lambda a, b: a != b,
    "greaterthan": lambda a, b: a > b,
    "greaterthaneq": lambda a, b: a >= b,
    "lessthan": lambda a, b: a < b,
    "lessthaneq": lambda a, b: a <= b,
}


def _number(value: str) -> int:
    if not value.strip().lstrip("-").isdigit():
        raise Refused(400, 53, f"'{value}' is not a number.")
    return int(value)


def charts(request: Request) -> list[Chart]:
    """The charts that take part, in order.

    The server's own terms (times, roles) go to the numbers after as many charts as the client sent, and
    overwrite what stands there: a client that numbers with gaps loses a term.
    """
    given = {int(name[1:]): value for name, value in request.params if re.fullmatch(r"f\d+", name)}
    own = sum(request.last(name) is not None for name in ("creation_time", "last_change_time", *ROLES))
    lost = range(len(given) + 1, len(given) + own + 1)
    return [
        Chart(column, request.last(f"o{n}") or "equals", request.last(f"v{n}") or "")
        for n, column in sorted(given.items())
        if n not in lost
    ]


def search(store: Store, request: Request) -> Response:
    """`GET /rest/bug`. Raises Refused."""
    if not any(value for name, value in request.params if name not in IGNORED_CRITERIA):
        raise Refused(400, 1000, "You may not search, or create saved searches, without any search terms.")
    limit, offset = _number(request.last("limit") or "0"), _number(request.last("offset") or "0")
    if offset and not limit:
        raise Refused(400, 50, "The function requires a limit argument, and that argument was not set.")
    found = _places(store, request)
    if request.last("count_only") not in (None, "", "0"):
        return answer_json({"bug_count": len(found)})
    ordered = _ordered(store, found, request.last("order"))
    page = ordered[offset : offset + (limit if 0 < limit <= MOST_ROWS else MOST_ROWS)]
    return _bugs(store, page, request)


def _places(store: Store, request: Request) -> list[int]:
    """Places of the bugs that fit, in no promised order. Raises Refused."""
    matches: list[Match] = []
    first = 0
    for chart in charts(request):
        if chart.column == "bug_id" and chart.operator == "greaterthan":
            first = max(first, bisect_right(store.ids, _number(chart.value)))
        else:
            matches.append(chart.match())
    changed, created = request.last("last_change_time"), request.last("creation_time")
    places = list(range(first, len(store.bugs)))
    if changed:
        places = [p for p in store.by_change[bisect_left(store.changes, _time(changed)) :] if p >= first]
    if created:
        matches.append(_not_before("creation_time", _time(created)))
    numbers = {_number(part) for value in request.all("id") for part in value.split(",") if part}
    if numbers:
        matches.append(lambda bug: bug["id"] in numbers)
    matches += [_one_of(name, request.all(name)) for name in PLAIN if request.all(name)]
    matches += [_has_words(name, words) for name in ROLES if (words := request.last(name))]
    return [place for place in places if all(match(store.bugs[place]) for match in matches)]


def _not_before(name: str, since: str) -> Match:
    return lambda bug: (seconds(bug.get(name)) or "") >= since


def _one_of(name: str, values: list[str]) -> Match:
    return lambda bug: bug.get(name) in values


def _has_words(name: str, words: str) -> Match:
    """Role fields match by substring of words, so `ada` finds more than ada."""
    wanted = words.lower().split()
    return lambda bug: all(word in str(bug.get(name) or "").lower() for word in wanted)


def _time(value: str) -> str:
    """An instant in UTC, cut to whole seconds."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refused(400, 32000, f"'{value}' is not a legal date.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ordered(store: Store, places: list[int], order: str | None) -> list[int]:
    """In the order of the known columns; without any, in no order that means anything. Nulls come first."""
    known = []
    for term in (order or "").split(","):
        column, *direction = term.split()[:2] or [""]
        if column in COLUMNS:
            known.append((COLUMNS[column], [word.upper() for word in direction] == ["DESC"]))
    if not known:
        return sorted(places, key=lambda place: store.ids[place] * 2_654_435_761 % 2**32)
    for field, descending in reversed(known):
        places.sort(key=store.order_key(field), reverse=descending)
    return places


def _bugs(store: Store, places: Iterable[int], request: Request) -> Response:
    include, exclude = ",".join(request.all("include_fields")) or None, request.last("exclude_fields")
    rows = [store.written(place, include, exclude) for place in places]
    return Response(200, b'{"bugs":[%b]}' % b",".join(rows))


# --- Whose key, products, flags ------------------------------------------------------------------


def whoami(key: str | None) -> Response:
    if key is None:
        raise Refused(401, 410, "You must log in before using this part of Bugzilla.")
    groups = [{"id": 10 + place, "name": name, "description": name} for place, name in enumerate(KEYS[key])]
    return answer_json(
        {"id": 4242, "name": "reader@example.org", "real_name": "Reader", "nick": "r", "groups": groups}
    )


def products_of(bugs: list[Record], request: Request) -> Response:
    """`GET /rest/product?type=accessible` or `?names=`."""
    names, kind = request.all("names"), request.last("type")
    if not names and kind not in ("accessible", "selectable", "enterable"):
        raise Refused(400, 50, "The function requires an ids, names or type argument.")
    wanted = _names(request.last("include_fields") or "_default")
    rows = []
    for product in products(bugs):
        if names and product["name"] not in names:
            continue
        if "_default" in wanted:
            rows.append(product)
        else:
            rows.append({name: _cut(product[name], wanted[name]) for name in product if name in wanted})
    return answer_json({"products": rows})


class Reviews:
    """The flag activity of a world, made when it is first asked for."""

    def __init__(self, bugs: list[Record], now: datetime) -> None:
        self._bugs, self._now = bugs, now

    @cached_property
    def _events(self) -> list[Record]:
        return sorted(flag_events(self._bugs), key=lambda event: event["id"] * 2_654_435_761 % 2**32)

    def answer(self, request: Request, about: str) -> Response:
        """Events of the days [after, before], by default of the last thirty. Raises Refused."""
        fits = self._about(about)
        after = self._day(request.last("after"), self._now - timedelta(days=30))
        before = self._day(request.last("before"), self._now)
        limit, offset = _number(request.last("limit") or "0"), _number(request.last("offset") or "0")
        found = [event for event in self._events if after <= event["creation_time"][:10] <= before]
        held: list[Record | None] = []
        for place, event in enumerate(filter(fits, found)):
            held += [None, event] if place % (UNSEEN_ONE_OF - 1) == 0 else [event]
        cut = held[offset : offset + (limit if 0 < limit <= MOST_ROWS else MOST_ROWS)]
        return answer_json([event for event in cut if event is not None])

    @staticmethod
    def _day(given: str | None, otherwise: datetime) -> str:
        if given is None:
            return otherwise.date().isoformat()
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
            raise Refused(400, 32000, f"'{given}' is not a legal date.")
        return given

    @staticmethod
    def _about(given: str) -> Match:
        """What stands behind the path: a flag, a person, a type of flag; nothing: all."""
        kind, _, value = given.partition("/")
        by: dict[str, Match] = {
            "": lambda event: True,
            "setter": lambda event: event["setter"]["name"] == value,
            "requestee": lambda event: (event.get("requestee") or {}).get("name") == value,
            "type_id": lambda event: str(event["type"]["id"]) == value,
            "type_name": lambda event: event["type"]["name"] == value,
        }
        if kind.isdigit():
            return lambda event: event["flag_id"] == int(kind)
        if kind not in by:
            raise Refused(404, 32614, "A REST API resource was not found.")
        return by[kind]


# --- Single bugs -------------------------------------------------------------------------------


def by_id(store: Store, request: Request, number: int, part: str | None) -> Response:
    """`/rest/bug/{id}` and its history, comments and attachments; `ids` asks for more at once."""
    numbers = list(dict.fromkeys([number, *(_number(value) for value in request.all("ids"))]))
    known = [store.place_of[n] for n in numbers if n in store.place_of]
    if len(known) < len(numbers) and request.last("skip_private") is None:
        missing = next(n for n in numbers if n not in store.place_of)
        raise Refused(404, 101, f"Bug #{missing} does not exist.")
    if part is None:
        include, exclude = request.last("include_fields"), request.last("exclude_fields")
        rows = b",".join(store.written(place, include, exclude) for place in known)
        return Response(200, b'{"bugs":[%b],"faults":[]}' % rows)
    bugs = [store.bugs[place] for place in known]
    if part == "history":
        rows_of = [{"id": b["id"], "alias": b.get("alias"), "history": b.get("history") or []} for b in bugs]
        return answer_json({"bugs": rows_of})
    if part == "comment":
        comments = {str(b["id"]): {"comments": b.get("comments") or []} for b in bugs}
        return answer_json({"bugs": comments, "comments": {}})
    return answer_json({"bugs": {str(b["id"]): b.get("attachments") or [] for b in bugs}, "attachments": {}})

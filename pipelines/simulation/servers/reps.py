"""The Reps portal's public interface (remo, `/api/remo/v1/`): people, events and activities of a world.

Lists of 20 with links only, one detail call a record, exact filters, `orderby=ASC|DESC` by event start and
report date (people ascending have no order at all). As Django REST framework 3.1 answered: page past the
end `Invalid page "9": That page contains no results.`, unknown record `Not found.`.

Not served: the legacy `/api/v1/` and the KPI paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

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
from pipelines.simulation.world import Record, RepsWorld

PAGE_ROWS = 20
BASE = "/api/remo/v1/"

Match = Callable[[Record, str], bool]


@dataclass(frozen=True)
class Kind:
    """One kind of record: fields of a list row, order key (None: unordered), filters by parameter."""

    shown: tuple[str, ...]
    ascending: Callable[[Record], str] | None
    newest: Callable[[Record], tuple[str, int]]
    filters: dict[str, Match]


def _same(name: str) -> Match:
    return lambda record, value: str(record.get(name)) == value


def _named(name: str) -> Match:
    return lambda record, value: any(part.get("name") == value for part in record.get(name) or ())


def _linked(name: str) -> Match:
    return lambda record, value: number((record.get(name) or {}).get("_url", "")) == value


def number(url: str) -> str:
    """The trailing number of a record's address, "" without one."""
    found = re.search(r"/(\d+)/?$", url)
    return found.group(1) if found else ""


def _newest(name: str) -> Callable[[Record], tuple[str, int]]:
    return lambda record: (record.get(name) or "", int(number(record["_url"])))


PLACE = {name: _same(name) for name in ("city", "region", "country")}
KINDS = {
    "users": Kind(
        shown=("first_name", "last_name", "display_name", "_url"),
        ascending=None,
        newest=_newest("date_joined_program"),
        filters={
            **PLACE,
            **{name: _same(name) for name in ("first_name", "last_name", "display_name", "irc_name")},
            **{name: _named(name) for name in ("groups", "functional_areas", "mobilising_skills")},
            "mentor": _linked("mentor"),
        },
    ),
    "events": Kind(
        shown=("name", "_url"),
        ascending=lambda record: record.get("start") or "",
        newest=_newest("start"),
        filters={
            **PLACE,
            **{name: _same(name) for name in ("name", "initiative", "start", "end", "lat", "lon")},
            "categories": _named("categories"),
            "owner": _linked("owner"),
        },
    ),
    "activities": Kind(
        shown=("activity", "_url"),
        ascending=lambda record: record.get("report_date") or "",
        newest=_newest("report_date"),
        filters={
            **{name: _same(name) for name in ("activity", "initiative", "report_date", "location")},
            "user": _linked("user"),
            "mentor": _linked("mentor"),
            "event": _linked("event"),
            "category": _named("functional_areas"),
            "is_passive": lambda record, value: str(record.get("passive_report")).lower() == value.lower(),
        },
    ),
}


class Table:
    """The records of one kind, ready to be answered; addresses are rewritten to the host that was asked."""

    def __init__(self, kind: Kind, records: list[Record], base: bytes) -> None:
        self.kind, self.records, self.base = kind, records, base
        self.place_of = {number(record["_url"]): place for place, record in enumerate(records)}
        everything = range(len(records))
        self.newest = sorted(everything, key=lambda place: kind.newest(records[place]), reverse=True)
        self.ascending = sorted(everything, key=self._ascending_key)
        self.rows = [dump({name: record.get(name) for name in kind.shown}) for record in records]
        self._details: list[bytes | None] = [None] * len(records)

    def _ascending_key(self, place: int) -> tuple[str, int]:
        """Ties (and people, who have no order here) come in an order that means nothing, always the same."""
        record = self.records[place]
        scattered = int(number(record["_url"])) * 2_654_435_761 % 2**32
        return (self.kind.ascending(record) if self.kind.ascending else "", scattered)

    def detail(self, place: int) -> bytes:
        written = self._details[place]
        if written is None:
            record = {name: value for name, value in self.records[place].items() if name != "_url"}
            written = self._details[place] = dump(record)
        return written


def interface(world: RepsWorld) -> Handler:
    """The handler of all paths."""
    records = {"users": world.people, "events": world.events, "activities": world.activities}
    base = _base(records)
    tables = {name: Table(kind, records[name], base) for name, kind in KINDS.items()}

    def handle(request: Request) -> Response:
        if not request.path.startswith(BASE):
            return html(404, "Page not found")
        name, _, rest = request.path[len(BASE) :].partition("/")
        table = tables.get(name)
        if table is None or rest.strip("/").count("/"):
            return html(404, "Page not found")
        if not request.path.endswith("/"):
            return moved(request.path + "/", 301)
        if request.method not in ("GET", "HEAD"):
            return answer_json({"detail": f'Method "{request.method}" not allowed.'}, 405)
        if not rest:
            return _here(request, table, _page(request, table))
        place = table.place_of.get(rest.strip("/"))
        if place is None:
            return answer_json({"detail": "Not found."}, 404)
        return _here(request, table, Response(200, table.detail(place)))

    return handle


def _base(records: dict[str, list[Record]]) -> bytes:
    """The address under which the world's records were written, up to and with `/api/remo/v1/`."""
    for rows in records.values():
        for row in rows:
            return (row["_url"].partition(BASE)[0] + BASE).encode()
    return BASE.encode()


def _here(request: Request, table: Table, response: Response) -> Response:
    """The same answer with all addresses under the host that was asked."""
    here = (request.root + BASE).encode()
    return Response(response.status, response.body.replace(table.base, here))


def _page(request: Request, table: Table) -> Response:
    order = (request.last("orderby") or "DESC").upper()
    places = table.ascending if order == "ASC" else table.newest
    asked = [(name, value) for name, value in request.params if name in table.kind.filters and value]
    if asked:
        filters = table.kind.filters
        places = [p for p in places if all(filters[name](table.records[p], value) for name, value in asked)]
    pages = max(1, -(-len(places) // PAGE_ROWS))
    page = page_number(request.last("page"), pages)
    if page is None:
        given = request.last("page")
        detail = f'Invalid page "{given}": That page contains no results.'
        return answer_json({"detail": detail}, 404)
    rows = [table.rows[place] for place in places[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]]
    return envelope(request, rows, len(places), page, pages)

"""SUMO's list of revisions of the knowledge base: a page for people, in HTML.

Twenty a page, newest first; a page number out of range shows the first page. `start` and `end` are days in
the server's zone, the end day itself left out; an empty `include_bots` hides what the machine wrote, leaving
it away shows it. A row shows when, in which language, which article, what for, and who; not whether
it was reviewed. Also here: products and locales of a world. Not in here: the JSON lists (`sumo.py`).
"""

from __future__ import annotations

from datetime import date, datetime, time
from html import escape
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from pipelines.simulation.servers.http_server import HTML, Request, Response, html
from pipelines.simulation.world import Record, SumoWorld

MACHINE = "SumoBot"
PAGE_ROWS = 20
SERVER_ZONE = ZoneInfo("US/Pacific")
LIST = "/en-US/kb/revisions"
ARCHIVED = frozenset({"old-phone-os"})
"""Products of old questions that the list of products leaves out."""


def revision_list(revisions: list[Record] | None, request: Request) -> Response:
    """`GET /en-US/kb/revisions`; 404 in a world without such a list."""
    if revisions is None:
        return html(404, "Page Not Found")
    rows = sorted(revisions, key=lambda row: (row["created"], row["id"]), reverse=True)
    start, end = _midnight(request.last("start")), _midnight(request.last("end"))
    locale, bots = request.last("locale"), request.last("include_bots")
    users = {name.strip() for name in (request.last("users") or "").split(",") if name.strip()}
    kept = [
        row
        for row in rows
        if (start is None or datetime.fromisoformat(row["created"]) >= start)
        and (end is None or datetime.fromisoformat(row["created"]) <= end)
        and (not locale or row["locale"] == locale)
        and (not users or row["creator"] in users)
        and (bots != "" or row["creator"] != MACHINE)
    ]
    pages = max(1, -(-len(kept) // PAGE_ROWS))
    given = request.last("page") or "1"
    page = int(given) if given.isdigit() and 1 <= int(given) <= pages else 1
    shown = kept[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    return Response(200, _page(request, shown, page, pages).encode(), HTML)


def _midnight(given: str | None) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(given or ""), time.min, SERVER_ZONE)
    except ValueError:
        return None


def _page(request: Request, rows: list[Record], page: int, pages: int) -> str:
    fields = "".join(
        f'<input type="text" name="{name}" value="{escape(request.last(name) or "")}">'
        for name in ("locale", "users", "start", "end")
    )
    filters = f'<form method="get">{fields}<input type="checkbox" name="include_bots"></form>'
    head = "<tr><th>Date</th><th>Locale</th><th>Title</th><th>Comment</th><th>User</th></tr>"
    given = [(name, value) for name, value in request.params if name != "page"]
    links = "".join(
        f'<li><a href="?{escape(urlencode([*given, ("page", str(number))]))}">{number}</a></li>'
        for number in range(1, pages + 1)
        if number != page
    )
    return (
        '<!DOCTYPE html>\n<html lang="en-US"><head><title>Recent Revisions | Knowledge Base</title></head>'
        f"<body><a href='/en-US/user/'>Sign in</a>{filters}<table>{head}{''.join(map(_row, rows))}</table>"
        f"<ol class='pagination'>{links}</ol></body></html>"
    )


def _row(row: Record) -> str:
    at = datetime.fromisoformat(row["created"]).astimezone(SERVER_ZONE)
    article = f"/{row['locale']}/kb/{quote(row['document'])}"
    name = escape(row["creator"])
    return (
        f'<tr><td><a href="{article}/revision/{row["id"]}"><time datetime="{at.isoformat()}">'
        f"{at:%b %d, %Y, %I:%M %p}</time></a></td><td>{row['locale']}</td>"
        f'<td><a href="{article}">{escape(row["title"])}</a></td><td>{escape(row["comment"])}</td>'
        f'<td><a class="user" href="/en-US/user/{quote(row["creator"], safe="")}/">{name}</a></td></tr>\n'
    )


def products(world: SumoWorld) -> list[Record]:
    """The products that questions name, but for archived ones."""
    slugs = sorted({row["product"] for row in world.questions if row.get("product")} - ARCHIVED)
    return [
        {
            "id": number,
            "title": slug.replace("-", " ").capitalize(),
            "slug": slug,
            "description": slug,
            "platforms": [],
            "visible": True,
            "image": None,
        }
        for number, slug in enumerate(slugs, 1)
    ]


def locales(world: SumoWorld) -> dict[str, Record]:
    """The locales of questions and articles; those of questions have a forum."""
    asked = {row["locale"] for row in world.questions if row.get("locale")}
    written = {row["locale"] for row in world.revisions or ()}
    return {
        code: {"name": code, "localized_name": code, "aaq_enabled": code in asked}
        for code in sorted(asked | written)
    }

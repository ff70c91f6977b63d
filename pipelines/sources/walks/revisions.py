"""SUMO's list of revisions: a page for people, read by windows of days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pipelines.sources.http import SourceDenied
from pipelines.sources.spec import Answer, Asker, Count, Page, Reread, SourceChanged, Span, Whole, stamp
from pipelines.sources.walks.common import DAY, due, ended, loading, midnight, parts_due

REVISION = re.compile(r"/(?P<locale>[\w-]+)/kb/(?P<document>[^/?#]+)/revision/(?P<id>\d+)/?")
USER = re.compile(r"(?:/[\w-]+)?/user/(?P<name>[^/?#]+)/?")
NEXT = re.compile(r"[?&]page=(\d+)")
FULL_PAGE = 20
SERVER_ZONE = ZoneInfo("US/Pacific")
"""In which the server reads days, and writes a time that names no zone."""


@dataclass(frozen=True)
class RevisionList:
    """Days [start, end) in the server's zone, the end left out, page after page, one request at a time.

    A page out of range shows the first one again, so a window ends with a page that brings nothing new, or
    that is not full and links to no further one. Answers that are not this list, or rows outside of the
    window (a filter that is not honoured), refuse the batch. A day counts as read once it is over everywhere.
    Re-reads ask a day more on both sides, because the lake's days are UTC.
    A server without the list (404, before anything was read) shows nothing: the stream stays unread.
    Cursor: {"next": first day not read to its end, "reread"}.
    The least for a day: a page for each 20 revisions since the last run, the same for each re-read.
    """

    path: str
    stream: str
    at: str
    opened_on: date
    rereads: tuple[Reread, ...] = ()
    days: int = 56
    part_days: int = 7
    over_after: timedelta = timedelta(hours=12)

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        first = span.since.date() if span.since else self.opened_on
        start = date.fromisoformat(cursor["next"]) if "next" in cursor else first
        state, now = dict(cursor), None
        until = span.until.date() if span.until else date.max
        while now is None or start < min(until, self._over(now)):
            end = start + self.days * DAY
            try:
                rows, answer = self._window(ask, start, min(end, until))
            except SourceDenied as denied:
                if denied.status == 404 and not cursor:
                    return
                raise
            now = answer.server_now
            state = loading(state, now)
            start = max(start, min(end, self._over(now)))
            state = {**state, "next": start.isoformat()}
            yield Page(rows, state, now, where=answer.where)
        again = due(self.rereads, state, now)
        for reread, before in again:
            for begin, stop in parts_due(reread, before, now, first, start, self.part_days):
                rows, answer = self._window(ask, begin - DAY, stop + DAY)
                part = Whole(self.stream, column=self.at, start=midnight(begin), end=midnight(stop))
                yield Page(rows, state, now, where=answer.where, whole=(part,))
        state = ended(state, self.rereads, again, now)
        yield Page([], state, now, watermark=midnight(start))

    def _over(self, now: datetime) -> date:
        """The first day that is not over in the server's zone."""
        return (now - self.over_after).date()

    def _window(self, ask: Asker, start: date, end: date) -> tuple[list[dict[str, Any]], Answer]:
        """The rows of the days [start, end), those of the machine left out by the list itself."""
        found: dict[int, dict[str, Any]] = {}
        page = 1
        while True:
            terms = {"locale": "", "users": "", "start": start.isoformat(), "end": end.isoformat()}
            answer = ask.get(self.path, {**terms, "include_bots": "", "page": page})
            rows, last = read(answer)
            for row in rows:
                on = datetime.fromisoformat(row["created"]).date()
                if not start - DAY <= on <= end + DAY:
                    raise SourceChanged(f"revisions of {start} to {end}", "one of another day", answer.where)
            before = len(found)
            found.update((row["id"], row) for row in rows)
            if len(found) == before or (len(rows) < FULL_PAGE and last <= page):
                return list(found.values()), answer
            page += 1

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def read(answer: Answer) -> tuple[list[dict[str, Any]], int]:
    """The revisions of a page (`id`, `document`, `locale`, `creator`, `created` in UTC), and the greatest
    number of a page that it links to. Raises SourceChanged for a page that is not this list."""
    if not isinstance(answer.body, str):
        raise SourceChanged("a page in HTML", type(answer.body).__name__, answer.where)
    parser = _Parser()
    parser.feed(answer.body)
    parser.close()
    if not {"start", "end"} <= parser.fields:
        raise SourceChanged("the list of revisions with its filters", "another page", answer.where)
    for row in parser.rows:
        if "created" not in row:
            raise SourceChanged("a time in each row of the list", "a row without one", answer.where)
    return [{"creator": None, **row} for row in parser.rows], max(parser.pages, default=1)


class _Parser(HTMLParser):
    """Rows of a table or list that hold the link of a revision; the filters' names; linked page numbers.

    The first time and the last person of a row are the revision's own: a comment may name others.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[dict[str, Any]] = []
        self.fields: set[str] = set()
        self.pages: set[int] = set()
        self._row: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "select") and given.get("name"):
            self.fields.add(str(given["name"]))
        elif tag in ("tr", "li"):
            self._end()
            self._row = {}
        elif tag == "a":
            self._link(given.get("href") or "")
        elif tag == "time" and self._row is not None and given.get("datetime"):
            self._row.setdefault("created", _utc(str(given["datetime"])))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("tr", "li"):
            self._end()

    def _link(self, href: str) -> None:
        if (number := NEXT.search(href)) is not None:
            self.pages.add(int(number.group(1)))
        if self._row is None:
            return
        if (revision := REVISION.fullmatch(href)) is not None:
            self._row["id"] = int(revision["id"])
            self._row["locale"], self._row["document"] = revision["locale"], unquote(revision["document"])
        elif (user := USER.fullmatch(href)) is not None:
            self._row["creator"] = unquote(user["name"])

    def _end(self) -> None:
        if self._row is not None and "id" in self._row:
            self.rows.append(self._row)
        self._row = None


def _utc(value: str) -> str:
    moment = datetime.fromisoformat(value)
    return stamp((moment if moment.tzinfo else moment.replace(tzinfo=SERVER_ZONE)).astimezone(UTC))

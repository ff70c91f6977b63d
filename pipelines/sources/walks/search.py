"""Bugzilla's search: by id, then by the time of the last change; what moves no time is swept up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines.sources.http import SourceDenied
from pipelines.sources.spec import (
    Answer,
    Asker,
    Count,
    Page,
    Reread,
    SourceChanged,
    Span,
    Whole,
    counted,
    listed,
    parse_instant,
    stamp,
)
from pipelines.sources.walks.common import BEGINNING, done, due, in_order, instant_of, windows_to_count

SEARCH_TIMED_OUT = 1001
FEWEST_A_PAGE = 10
BY_ID, BY_CHANGE = "bug_id", "changeddate,bug_id"


@dataclass(frozen=True)
class BugzillaSearch:
    """Bugzilla: first by id to the end, then by (last_change_time, id) from when that walk began.

    A bug edited meanwhile moves to the end and is met again. When one second fills a whole page, it
    is finished by id. The next run goes back by `overlap` from the last change that was met: a replica may
    show an edit, or a new bug, after later ones. Two re-reads: `sweep` reads all bugs again by id, a share a
    day but at least some pages, and finds what moved no timestamp; `visible` asks for nothing but ids, and
    what is missing went private.
    A server may give fewer rows a page than it is asked for. So a short page ends a walk only where it is
    shorter than one that the server has given before (`page` in the cursor), else only an empty one does.
    A page in another order than was asked for ends the run; a bug that was edited within `overlap` may stand
    anywhere, because the server finds its place first and reads it afterwards.
    A search that timed out (1001) is asked again with half as many rows a page, for the rest of the run.
    A bug in a group is nobody's business: it is not handed on, and what is stored of it is gone.
    Cursor: {"after_id", "began", "page"}, later {"changed", "page", "bugs", "last" (its
    number), "reread", "sweep_after"}.
    The least for a day: a page more than the changed bugs fill, a request 10,000 bugs for `visible`, the
    day's share of pages for `sweep`.
    """

    path: str
    stream: str
    fields: str
    limit: int
    overlap: timedelta
    sweep: Reread
    visible: Reread
    ids_a_page: int = 10_000
    least_pages: int = 4

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        state = dict(cursor)
        now = None
        asked = _Search(ask, self.path, self.fields, self.limit, self.overlap, int(state.get("page", 0)))
        while "changed" not in state:
            after = int(state.get("after_id", 0))
            terms = by_id(after)
            if span.since:
                terms["last_change_time"] = _second(span.since)
            bugs, answer = asked.page(terms)
            now = now or answer.server_now
            state.setdefault("began", stamp(answer.server_now))
            if bugs:
                state = {
                    **state,
                    "after_id": max(_id(bug, answer) for bug in bugs),
                    "page": asked.longest,
                }
            elif "after_id" not in state:
                raise SourceChanged("at least one bug", "an empty page", answer.where)
            else:
                began = parse_instant(state["began"])
                state = {"changed": stamp(began - self.overlap), "page": asked.longest}
                state = done(state, (self.sweep, self.visible), began)
            yield self._page(bugs, state, now, answer)
        start = parse_instant(state["changed"])
        for bugs, reached, answer in self._by_change(asked, start):
            now = now or answer.server_now
            if reached:
                state = {**state, "changed": stamp(max(start, min(reached, now) - self.overlap))}
            yield self._page(bugs, state, now, answer)
        assert now is not None
        for reread, before in due((self.visible, self.sweep), state, now):
            walk = (
                self._visible(ask, state, now)
                if reread is self.visible
                else self._swept(asked, state, now, before)
            )
            for page in walk:
                yield page
                state = page.cursor
            state = done(state, [reread], now)
        yield Page([], state, now, watermark=min(now, span.until or now))

    def _page(self, bugs: list[Any], state: dict[str, Any], now: datetime, answer: Answer) -> Page:
        """The bugs that everybody may see; of those in a group, that nothing is left of them."""
        hidden = frozenset(_id(bug, answer) for bug in bugs if _in_a_group(bug))
        whole = (Whole(self.stream, {"id": hidden}, keys=frozenset()),) if hidden else ()
        shown = [bug for bug in bugs if not _in_a_group(bug)] if hidden else bugs
        return Page(shown, state, now, where=answer.where, whole=whole)

    def _visible(self, ask: Asker, state: dict[str, Any], now: datetime) -> Iterator[Page]:
        """Every id that everybody may see, nothing else: a stored bug between two of them is hidden or gone.

        Tells how many rows the server gives a page, how many bugs there are and the last one's number, for
        the walks after it.
        """
        asked = _Search(ask, self.path, "id,groups", self.ids_a_page, self.overlap)
        after, total = 0, 0
        while True:
            bugs, answer = asked.page(by_id(after))
            ids = [_id(bug, answer) for bug in bugs]
            end = max(ids) + 1 if ids else None
            there = frozenset(str(_id(bug, answer)) for bug in bugs if not _in_a_group(bug))
            total += len(ids)
            if not ids:
                state = {**state, "page": asked.longest, "bugs": total, "last": after}
            if ids or after:
                part = Whole(self.stream, column="id", start=after + 1, end=end, keys=there)
                yield Page([], state, now, where=answer.where, whole=(part,))
            if not ids:
                return
            after = max(ids)

    def _swept(
        self, asked: _Search, state: dict[str, Any], now: datetime, before: datetime
    ) -> Iterator[Page]:
        """The next pages in the order of ids, so many that all come round in `sweep.every`."""
        pages = -(-int(state.get("bugs", 0)) // min(self.limit, asked.longest or self.limit)) + 1
        share = math.ceil(pages * min(1.0, (now - before) / self.sweep.every))
        after = int(state.get("sweep_after", 0))
        for _ in range(min(pages, max(self.least_pages, share))):
            bugs, answer = asked.page(by_id(after))
            after = max((_id(bug, answer) for bug in bugs), default=0)
            after = 0 if after >= int(state.get("last", after + 1)) else after
            yield self._page(bugs, {**state, "sweep_after": after}, now, answer)
            if not after:
                return

    def _by_change(
        self, asked: _Search, start: datetime
    ) -> Iterator[tuple[list[Any], datetime | None, Answer]]:
        changed = start
        while True:
            bugs, answer = asked.page({"last_change_time": _second(changed), "order": BY_CHANGE})
            last = instant_of(bugs[-1], "last_change_time", answer) if bugs else None
            yield bugs, last, answer
            if last is None or asked.is_short(bugs):
                return
            if last > changed:
                changed = last
                continue
            yield from self._one_second(asked, changed, _id(bugs[-1], answer))
            changed += timedelta(seconds=1)

    def _one_second(
        self, asked: _Search, second: datetime, after_id: int
    ) -> Iterator[tuple[list[Any], datetime | None, Answer]]:
        """The rest of the bugs of one second, by id; what changed later is left to the walk."""
        while True:
            terms = {"last_change_time": _second(second), "order": BY_CHANGE}
            terms |= {"f1": "bug_id", "o1": "greaterthan", "v1": str(after_id)}
            bugs, answer = asked.page(terms)
            same = [bug for bug in bugs if instant_of(bug, "last_change_time", answer) == second]
            yield same, second, answer
            if not same or len(same) < len(bugs) or asked.is_short(bugs):
                return
            after_id = _id(same[-1], answer)

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        """All bugs, or those filed since the first day that was asked for: what changed since then is read,
        so all of these are; and those of the last 30 days. A count that timed out is left out."""
        for window, since in windows_to_count(now, span):
            start = None if since == BEGINNING else since.replace(microsecond=0)
            terms = {"creation_time": stamp(start)} if start else by_id(0)
            try:
                answer = ask.get(self.path, {"count_only": 1, **terms})
            except SourceDenied as denied:
                if not _timed_out(denied):
                    raise
                continue
            yield Count(window, start, None, counted(answer, "bug_count"))


class _Search:
    """Pages of a search, with as many rows as the server can bear.

    longest: rows of the longest page that it gave so far; one as long may have been cut by its own maximum.
    """

    def __init__(
        self, ask: Asker, path: str, fields: str, limit: int, overlap: timedelta, longest: int = 0
    ) -> None:
        self._ask, self._path, self._fields, self._limit = ask, path, fields, limit
        self._overlap, self.longest = overlap, longest

    def page(self, terms: dict[str, Any]) -> tuple[list[Any], Answer]:
        while True:
            params = {"include_fields": self._fields, "limit": self._limit, **terms}
            try:
                answer = self._ask.get(self._path, params)
            except SourceDenied as denied:
                if not _timed_out(denied) or self._limit <= FEWEST_A_PAGE:
                    raise
                self._limit = max(FEWEST_A_PAGE, self._limit // 2)
                continue
            bugs = listed(answer, "bugs")
            self._in_order(bugs, terms, answer)
            self.longest = max(self.longest, len(bugs))
            return bugs, answer

    def _in_order(self, bugs: list[Any], terms: dict[str, Any], answer: Answer) -> None:
        """Raises SourceChanged where bugs don't come in their order, or not after the one asked for."""
        numbers = [_id(bug, answer) for bug in bugs]
        if "f1" in terms and min(numbers, default=math.inf) <= int(terms["v1"]):
            raise SourceChanged(f"bugs with numbers above {terms['v1']}", "a smaller one", answer.where)
        if terms["order"] == BY_ID:
            in_order(numbers, BY_ID, answer)
            return
        settled = answer.server_now - self._overlap
        dated = [bug for bug in bugs if bug.get("last_change_time") is not None]
        places = [(instant_of(bug, "last_change_time", answer), _id(bug, answer)) for bug in dated]
        in_order([place for place in places if place[0] < settled], BY_CHANGE, answer)

    def is_short(self, bugs: list[Any]) -> bool:
        """Whether the server could have given more in this page, so that these are the last ones."""
        return len(bugs) < min(self._limit, self.longest)


def _timed_out(denied: SourceDenied) -> bool:
    return denied.detail == f"code {SEARCH_TIMED_OUT}"


def by_id(after: int) -> dict[str, Any]:
    """The terms of a search for bugs with greater numbers, in their order."""
    return {"order": BY_ID, "f1": "bug_id", "o1": "greaterthan", "v1": after}


def _in_a_group(bug: Any) -> bool:
    """Whether not everybody may see a bug. Raises SourceChanged when it does not tell its groups."""
    if isinstance(bug, dict) and not isinstance(bug.get("groups"), list):
        raise SourceChanged("a list `groups` in every bug", "a bug without it", f"bug {bug.get('id')}")
    return isinstance(bug, dict) and bool(bug["groups"])


def _second(moment: datetime) -> str:
    """Bugzilla drops fractions of seconds: UTC to the second."""
    return stamp(moment.replace(microsecond=0))


def _id(bug: Any, answer: Answer) -> int:
    number = bug.get("id") if isinstance(bug, dict) else None
    if not isinstance(number, int):
        raise SourceChanged("a whole number `id` in every bug", type(number).__name__, answer.where)
    return number

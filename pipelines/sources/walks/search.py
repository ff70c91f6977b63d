"""Bugzilla's search: by id, then by the time of the last change; what moves no time is swept up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
from pipelines.sources.walks.common import BEGINNING, LAST_30_D, done, due, instant_of


@dataclass(frozen=True)
class BugzillaSearch:
    """Bugzilla: first by id to the end, then by (last_change_time, id) from when that walk began.

    A bug edited meanwhile moves to the end and is met again. When one second fills a whole page, it
    is finished by id. Two re-reads: `sweep` reads all bugs again by id, a share a day but at least some
    pages, and finds what moved no timestamp; `visible` asks for nothing but ids, and what is missing went
    private. Cursor: {"after_id", "began"}, later {"changed", "reread", "sweep_after"}.
    The least for a day: a page more than the changed bugs fill, a request 10,000 bugs for `visible`, the
    day's share of pages for `sweep` with one request for their number.
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
        first_load = "changed" not in state
        while "changed" not in state:
            after = int(state.get("after_id", 0))
            params = self._asked({"order": "bug_id", "f1": "bug_id", "o1": "greaterthan", "v1": after})
            if span.since:
                params["last_change_time"] = _second(span.since)
            answer = ask.get(self.path, params)
            bugs = listed(answer, "bugs")
            now = now or answer.server_now
            state.setdefault("began", stamp(answer.server_now))
            if bugs:
                state = {**state, "after_id": max(_id(bug, answer) for bug in bugs)}
            elif "after_id" not in state:
                raise SourceChanged("at least one bug", "an empty page", answer.where)
            else:
                state = {"changed": stamp(parse_instant(state["began"]) - self.overlap)}
            yield Page(bugs, state, now, where=answer.where)
        for bugs, reached, answer in self._by_change(ask, parse_instant(state["changed"])):
            now = now or answer.server_now
            if reached:
                state = {**state, "changed": stamp(reached)}
            yield Page(bugs, state, now, where=answer.where)
        assert now is not None
        changed = max(parse_instant(state["changed"]), now - self.overlap)
        state = {**state, "changed": stamp(changed)}
        if first_load:
            state = done(state, (self.sweep, self.visible), now)
        for reread, before in due((self.visible, self.sweep), state, now):
            walk = (
                self._visible(ask, state, now)
                if reread is self.visible
                else self._swept(ask, state, now, before)
            )
            for page in walk:
                yield page
                state = page.cursor
            state = done(state, [reread], now)
        yield Page([], state, now, watermark=min(now, span.until or now))

    def _visible(self, ask: Asker, state: dict[str, Any], now: datetime) -> Iterator[Page]:
        """Every id that can be seen, nothing else: a stored bug between two of them is hidden or gone."""
        after = 0
        while True:
            terms = {"order": "bug_id", "f1": "bug_id", "o1": "greaterthan", "v1": after}
            answer = ask.get(self.path, {"include_fields": "id", "limit": self.ids_a_page, **terms})
            ids = [_id(bug, answer) for bug in listed(answer, "bugs")]
            end = max(ids) + 1 if ids else None
            there = frozenset(map(str, ids))
            if ids or after:
                part = Whole(self.stream, column="id", start=after + 1, end=end, keys=there)
                yield Page([], state, now, where=answer.where, whole=(part,))
            if not ids:
                return
            after = max(ids)

    def _swept(self, ask: Asker, state: dict[str, Any], now: datetime, before: datetime) -> Iterator[Page]:
        """The next pages in the order of ids, so many that all come round in `sweep.every`."""
        everything = {"count_only": 1, "f1": "bug_id", "o1": "greaterthan", "v1": 0}
        total = -(-counted(ask.get(self.path, everything), "bug_count") // self.limit) + 1
        share = math.ceil(total * min(1.0, (now - before) / self.sweep.every))
        after = int(state.get("sweep_after", 0))
        for _ in range(min(total, max(self.least_pages, share))):
            terms = {"order": "bug_id", "f1": "bug_id", "o1": "greaterthan", "v1": after}
            answer = ask.get(self.path, self._asked(terms))
            bugs = listed(answer, "bugs")
            after = max((_id(bug, answer) for bug in bugs), default=0)
            yield Page(bugs, {**state, "sweep_after": after}, now, where=answer.where)
            if not after:
                return

    def _asked(self, terms: dict[str, Any]) -> dict[str, Any]:
        return {"include_fields": self.fields, "limit": self.limit, **terms}

    def _by_change(self, ask: Asker, start: datetime) -> Iterator[tuple[list[Any], datetime | None, Answer]]:
        changed = start
        while True:
            params = self._asked({"last_change_time": _second(changed), "order": "changeddate,bug_id"})
            answer = ask.get(self.path, params)
            bugs = listed(answer, "bugs")
            last = instant_of(bugs[-1], "last_change_time", answer) if bugs else None
            yield bugs, last, answer
            if last is None or len(bugs) < self.limit:
                return
            if last > changed:
                changed = last
                continue
            yield from self._one_second(ask, changed, _id(bugs[-1], answer))
            changed += timedelta(seconds=1)

    def _one_second(
        self, ask: Asker, second: datetime, after_id: int
    ) -> Iterator[tuple[list[Any], datetime | None, Answer]]:
        """The rest of the bugs of one second, by id; what changed later is left to the walk."""
        while True:
            terms = {"last_change_time": _second(second), "order": "changeddate,bug_id"}
            terms |= {"f1": "bug_id", "o1": "greaterthan", "v1": str(after_id)}
            answer = ask.get(self.path, self._asked(terms))
            bugs = listed(answer, "bugs")
            same = [bug for bug in bugs if instant_of(bug, "last_change_time", answer) == second]
            yield same, second, answer
            if len(same) < self.limit:
                return
            after_id = _id(same[-1], answer)

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        if not span.since:
            everything = {"count_only": 1, "f1": "bug_id", "o1": "greaterthan", "v1": 0}
            yield Count("backfill", None, None, counted(ask.get(self.path, everything), "bug_count"))
        since = max(span.since or BEGINNING, (now - LAST_30_D).replace(microsecond=0))
        recent = {"count_only": 1, "creation_time": _second(since)}
        yield Count("last_30d", since, None, counted(ask.get(self.path, recent), "bug_count"))


def _second(moment: datetime) -> str:
    """Bugzilla drops fractions of seconds: UTC to the second."""
    return stamp(moment.replace(microsecond=0))


def _id(bug: Any, answer: Answer) -> int:
    number = bug.get("id") if isinstance(bug, dict) else None
    if not isinstance(number, int):
        raise SourceChanged("a whole number `id` in every bug", type(number).__name__, answer.where)
    return number

"""Lists by page: small ones as a whole, every run; and lists whose every item must be asked in detail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

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
    json_type,
    listed,
    trailing_number,
)
from pipelines.sources.walks.common import PASSES, begun, done, due_whole, loading, numbers_of, short

PAGE_ITEMS = 20
PAGES_AT_ONCE = 4
"""So many pages of a list are asked together with the details of the pages before them."""


@dataclass(frozen=True)
class PagedList:
    """A small list in a fixed order: all pages, every run; what it does not show any more is gone.

    Every record carries `_seen_on`, the day of the source's clock, for dated snapshots. A list that had rows
    and is empty now is not believed. Cursor: {"count"}.
    """

    path: str
    stream: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        page, seen = 1, 0
        while True:
            answer = ask.get(self.path, {**self.params, "page": page})
            day = answer.server_now.date().isoformat()
            records = [{**record, "_seen_on": day} for record in listed(answer, "results")]
            seen += len(records)
            last = not answer.body.get("next")
            if (not records or last) and seen < counted(answer, "count"):
                raise SourceChanged(
                    f"{counted(answer, 'count')} rows as its count says", f"{seen}", answer.where
                )
            if last and not seen and cursor.get("count"):
                raise SourceChanged(f"about {cursor['count']} rows as before", "an empty list", answer.where)
            now = answer.server_now
            if last:
                counts = (Count("backfill", None, None, counted(answer, "count")),)
                whole = (Whole(self.stream),)
                yield Page(records, {"count": seen}, now, now, answer.where, whole, counts=counts)
                return
            yield Page(records, cursor, now, where=answer.where, unfinished=True)
            page += 1

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


@dataclass(frozen=True)
class OneList:
    """A small list in a single answer, every run; what it does not show any more is gone.

    records: the name under which the rows stand; keyed_by: where the answer is an object of rows by their
    key, the name that the key gets. A list that had rows and is empty is not believed. Cursor: {"count"}.
    """

    path: str
    stream: str
    records: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    keyed_by: str | None = None

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        answer = ask.get(self.path, self.params)
        rows, now = self._rows(answer), answer.server_now
        if not rows and cursor.get("count"):
            raise SourceChanged(f"about {cursor['count']} rows as before", "an empty list", answer.where)
        yield Page(rows, {"count": len(rows)}, now, now, answer.where, (Whole(self.stream),))

    def _rows(self, answer: Answer) -> list[Any]:
        if self.keyed_by is None:
            return listed(answer, self.records)
        if not isinstance(answer.body, dict) or not all(
            isinstance(row, dict) for row in answer.body.values()
        ):
            raise SourceChanged("an object of objects", json_type(answer.body), answer.where)
        return [{**row, self.keyed_by: key} for key, row in answer.body.items()]

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


@dataclass(frozen=True)
class ListWithDetails:
    """Reps: a list by page and one detail call an item; a closed archive.

    The next pages of the list are asked side by side with the details of those before. Until the distinct
    items are as many as the list's own count, it is walked again. Cursor: {"began", "read": numbers of the
    items} on the way, then {"count", "reread"}: with the same count the next run asks the first page alone,
    until a re-read is due. A first load that broke off walks the whole list again, because a deletion moves
    items to pages that were read, but asks only for items that it has not; one that a re-read would already
    be due for begins anew. What a part of it had stored and the whole list does not show any more is gone.
    """

    path: str
    stream: str
    params: Mapping[str, Any] = field(default_factory=dict)
    rereads: tuple[Reread, ...] = ()

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        first = ask.get(self.path, {**self.params, "page": 1})
        expected, now = counted(first, "count"), first.server_now
        again = due_whole(self.rereads, cursor, now)
        counts = (Count("backfill", None, None, expected),)
        if cursor.get("count") == expected and not again:
            yield Page([], cursor, now, watermark=now, where=first.where, counts=counts)
            return
        complete = "count" in cursor
        cursor = cursor if complete else {} if again else loading(cursor, now)
        read = set[int]() if complete else numbers_of(cursor.get("read"))
        seen = set[int]()
        for attempt in range(PASSES):
            page = 1
            lists = self._details(ask, [], [page])[1] if attempt else [first]
            while lists:
                numbers: list[int] = []
                for answer in lists:
                    items = listed(answer, "results")
                    if not items and counted(answer, "count") > (page - 1) * PAGE_ITEMS:
                        came = f"{counted(answer, 'count')} items as its count says"
                        raise SourceChanged(came, "an empty page", answer.where)
                    numbers += [trailing_number(str(item.get("_url"))) for item in items]
                    page += 1
                fresh = list(dict.fromkeys(number for number in numbers if number not in read))
                read.update(fresh)
                seen.update(numbers)
                more = bool(lists[-1].body.get("next"))
                following = range(page, page + self._following(lists[-1], page)) if more else ()
                where = lists[-1].where
                records, lists = self._details(ask, fresh, list(following))
                state = cursor if complete else {**loading(cursor, now), "read": short(read)}
                yield Page(records, state, now, where=where, unfinished=complete)
            if len(seen) >= expected:
                break
        else:
            raise SourceChanged(f"{expected} distinct items", f"{len(seen)} in {PASSES} walks", self.path)
        whole = (Whole(self.stream) if complete else Whole(self.stream, named=frozenset(seen)),)
        state = done({"count": expected}, self.rereads, now if complete else begun(cursor, now))
        yield Page([], state, now, watermark=now, whole=whole, counts=counts)

    def _following(self, last: Answer, page: int) -> int:
        """How many more pages to ask at once: those that the count promises, at least one."""
        promised = -(-counted(last, "count") // PAGE_ITEMS) - page + 1
        return max(1, min(PAGES_AT_ONCE, promised))

    def _path(self, page: int) -> str:
        return f"{self.path}?{urlencode({**self.params, 'page': page})}"

    def _details(
        self, ask: Asker, numbers: list[int], pages: list[int]
    ) -> tuple[list[dict[str, Any]], list[Answer]]:
        """The items of these numbers, and these pages of the list, side by side."""
        paths = [*map(self._path, pages), *(f"{self.path}{number}/" for number in numbers)]
        outcomes = [outcome for _, outcome in ask.get_many(paths)]
        lists: list[Answer] = []
        for head in outcomes[: len(pages)]:
            if isinstance(head, SourceDenied) and head.status == 404:
                break
            if isinstance(head, Exception):
                raise head
            lists.append(head)
        outcomes = outcomes[len(pages) :]
        records = []
        for number, outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, SourceDenied) and outcome.status == 404:
                continue
            if isinstance(outcome, Exception):
                raise outcome
            if not isinstance(outcome.body, dict):
                raise SourceChanged("an object", type(outcome.body).__name__, outcome.where)
            records.append({**outcome.body, "_number": number})
        return records, lists

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()

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
    listed,
    trailing_number,
)
from pipelines.sources.walks.common import PASSES, done, due

PAGE_ITEMS = 20


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
            state = {"count": seen} if last else cursor
            whole = (Whole(self.stream),) if last else ()
            now = answer.server_now
            yield Page(records, state, now, now if last else None, answer.where, whole, unfinished=not last)
            if last:
                return
            page += 1

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        answer = ask.get(self.path, {**self.params, "page": 1})
        yield Count("backfill", None, None, counted(answer, "count"))


@dataclass(frozen=True)
class ListWithDetails:
    """Reps: a list by page and one detail call an item; a closed archive.

    The next page of the list is asked side by side with the details of this one. Until the distinct items
    are as many as the list's own count, it is walked again. Cursor: {"page"} on the way, then {"count",
    "reread"}: with the same count the next run asks the first page alone, until a re-read is due.
    """

    path: str
    stream: str
    params: Mapping[str, Any] = field(default_factory=dict)
    rereads: tuple[Reread, ...] = ()

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        first = ask.get(self.path, {**self.params, "page": 1})
        expected, now = counted(first, "count"), first.server_now
        again = [reread for reread, last in due(self.rereads, cursor, now) if now - last >= reread.every]
        if cursor.get("count") == expected and not again:
            yield Page([], cursor, now, watermark=now, where=first.where)
            return
        complete = "count" in cursor
        distinct = set[int]()
        resumed_at = int(cursor.get("page", 1))
        for attempt in range(PASSES):
            page = resumed_at if attempt == 0 else 1
            answer: Answer | None = first if page == 1 and attempt == 0 else self._page(ask, page)
            while answer is not None:
                items = listed(answer, "results")
                if not items and expected > (page - 1) * PAGE_ITEMS:
                    raise SourceChanged(f"{expected} items as its count says", "an empty page", answer.where)
                numbers = [trailing_number(str(item.get("_url"))) for item in items]
                fresh = [number for number in numbers if number not in distinct]
                distinct.update(fresh)
                page += 1
                records, following = self._details(ask, fresh, page if answer.body.get("next") else None)
                state = cursor if complete else {"page": page}
                yield Page(records, state, now, where=answer.where, unfinished=complete)
                answer = following
            if resumed_at > 1 or len(distinct) >= expected:
                break
        else:
            raise SourceChanged(f"{expected} distinct items", f"{len(distinct)} in {PASSES} walks", self.path)
        whole = (Whole(self.stream),) if complete else ()
        yield Page([], done({"count": expected}, self.rereads, now), now, watermark=now, whole=whole)

    def _page(self, ask: Asker, page: int) -> Answer:
        return ask.get(self.path, {**self.params, "page": page})

    def _details(
        self, ask: Asker, numbers: list[int], page: int | None
    ) -> tuple[list[dict[str, Any]], Answer | None]:
        """The items of these numbers, and the list's page `page` (None: there is none), side by side."""
        paths = [f"{self.path}{number}/" for number in numbers]
        if page is not None:
            paths.insert(0, f"{self.path}?{urlencode({**self.params, 'page': page})}")
        outcomes = [outcome for _, outcome in ask.get_many(paths)]
        following: Answer | None = None
        if page is not None:
            head = outcomes.pop(0)
            if isinstance(head, Exception):
                raise head
            following = head
        records = []
        for number, outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, SourceDenied) and outcome.status == 404:
                continue
            if isinstance(outcome, Exception):
                raise outcome
            if not isinstance(outcome.body, dict):
                raise SourceChanged("an object", type(outcome.body).__name__, outcome.where)
            records.append({**outcome.body, "_number": number})
        return records, following

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        yield Count("backfill", None, None, counted(self._page(ask, 1), "count"))

"""Bugzilla's flag activity: windows of whole days, each in one answer where that is possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.sources.spec import Answer, Asker, Count, Page, Reread, SourceChanged, Span, Whole, listed
from pipelines.sources.walks.common import DAY, due, ended, loading, midnight, parts_due


@dataclass(frozen=True)
class DayWindows:
    """Windows [after, before] of days, both included, in the order of time; one a day once it has caught up.

    The server cuts an answer at its own maximum, then leaves out what may not be seen, and promises no
    order: neither a short nor an empty page says that it was the last. So a window is taken as complete only
    when it shows fewer than `few` rows; else it is made so narrow that three quarters of `few` may be
    expected, and asked again. A single day that has more is asked on from the number of rows that came, until
    a page has none.
    The day on which a run ends, and the one before it, are asked again by the next run.
    Cursor: {"next": first day not yet read, "width": days, "reread"}.
    The least for a day: one request, and one a part of the re-read.
    """

    path: str
    stream: str
    at: str
    rereads: tuple[Reread, ...] = ()
    few: int = 600
    widest: int = 512
    limit: int = 10_000
    part_days: int = 90

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        first = (span.since or midnight(date(1998, 1, 1))).date()
        last = (span.until - timedelta(microseconds=1)).date() if span.until else None
        start = date.fromisoformat(cursor["next"]) if "next" in cursor else first
        state, now = dict(cursor), None
        for page, after in self._windows(ask, start, last, int(cursor.get("width", self.widest))):
            now = page.server_now
            state = {**loading(state, now), **page.cursor, "next": min(after, now.date() - DAY).isoformat()}
            yield Page(page.records, state, now, where=page.where, whole=page.whole)
        assert now is not None
        again = due(self.rereads, state, now)
        for reread, before in again:
            for part_start, part_end in parts_due(reread, before, now, first, start, self.part_days):
                width = int(state.get("width", self.widest))
                for page, _ in self._windows(ask, part_start, part_end - DAY, width):
                    yield Page(page.records, state, now, where=page.where, whole=page.whole)
        state = ended(state, self.rereads, again, now)
        yield Page([], state, now, watermark=min(now, span.until or now))

    def _windows(self, ask: Asker, start: date, last: date | None, width: int) -> Iterator[tuple[Page, date]]:
        """Complete windows up to `last` (None: the source's today), each with the day after it."""
        while True:
            end = start + (width - 1) * DAY
            end = end if last is None else max(start, min(end, last))
            answer, rows = self._answered(ask, start, end)
            today = answer.server_now.date()
            days = max(1, (min(end, today) - start).days + 1)
            if len(rows) >= self.few and end > start:
                width = max(1, min(days - 1, self._fitting(days, len(rows))))
                continue
            part = Whole(self.stream, column=self.at, start=midnight(start), end=midnight(end + DAY))
            state = {"width": width}
            yield Page(rows, state, answer.server_now, where=answer.where, whole=(part,)), end + DAY
            width = max(1, min(self.widest, 2 * width, self._fitting(days, len(rows))))
            start = end + DAY
            if start > min(today, last or today):
                return

    def _fitting(self, days: int, rows: int) -> int:
        """So many days may be expected to show three quarters of `few` rows."""
        return 3 * self.few * days // (4 * max(1, rows))

    def _answered(self, ask: Asker, start: date, end: date) -> tuple[Answer, list[Any]]:
        """What the window shows; of a single day all of it."""
        terms = {"after": start.isoformat(), "before": end.isoformat(), "limit": self.limit}
        answer = ask.get(self.path, terms)
        rows = listed(answer, None)
        if end > start or len(rows) < self.few:
            return answer, rows
        found = {_number(row, answer): row for row in rows}
        while rows:
            rows = listed(ask.get(self.path, {**terms, "offset": len(found)}), None)
            before = len(found)
            found.update((_number(row, answer), row) for row in rows)
            if len(found) == before:
                break
        return answer, list(found.values())

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def _number(row: Any, answer: Answer) -> int:
    number = row.get("id") if isinstance(row, dict) else None
    if not isinstance(number, int):
        raise SourceChanged("a whole number `id` in every row", type(number).__name__, answer.where)
    return number

"""SUMO's lists: windows of `created` side by side, then by value of `updated`; profiles newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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
    parse_instant,
    stamp,
)
from pipelines.sources.walks.common import (
    BEGINNING,
    MICROSECOND,
    PASSES,
    done,
    due,
    due_whole,
    in_order,
    instant_of,
    loading,
    midnight,
    parts_due,
    windows_to_count,
)

FAR_FUTURE = "2999-01-01T00:00:00Z"
WINDOW_ROWS = 2_000
"""About so many rows a window of a first load should hold: a hundred pages, asked side by side."""
FIRST_WIDTH, NARROWEST, WIDEST = timedelta(days=30), timedelta(hours=1), timedelta(days=366)
PART_DAYS = 7
"""Old rows are read again by the week in which they were created."""


@dataclass(frozen=True)
class Members:
    """A field of each record that lists all ids of the records of another stream that belong to it."""

    field: str
    stream: str
    parent: str


@dataclass(frozen=True)
class ValueKeyset:
    """Rows with an immutable `created` and a moving `updated`; fixed 20 a page.

    First load: windows of `created` in the order of ids, their pages side by side, each window held against
    its own count; then, as every later run, always page 1 of (updated, id) after the last value seen, from
    the time the first load began. Nothing that moves meanwhile is skipped. A page in another order than was
    asked for ends the run.
    Re-reads are windows of `created` again; they show a part of the stream completely.
    Cursor: {"began", "next", "newest"} during the first load, then {"updated", "reread"}.
    The least for a day: a page more than the changed rows fill, one probe, a page 20 rows of each re-read.
    """

    path: str
    stream: str
    rereads: tuple[Reread, ...] = ()
    members: Members | None = None
    page_rows: int = 20

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        probe = ask.get(self.path, {"updated__gt": FAR_FUTURE, "ordering": "updated,id"})
        if counted(probe, "count"):
            raise SourceChanged("no rows after the year 2999", f"{counted(probe, 'count')} rows", probe.where)
        now, state = probe.server_now, dict(cursor)
        if "updated" not in state:
            yield from self._first_load(ask, state, span, now)
            began, newest = parse_instant(state["began"]), parse_instant(state.get("newest", state["began"]))
            state = done({"updated": stamp(min(began, newest))}, self.rereads, began)
        for records, reached, where in self._by_value(
            ask, "updated", parse_instant(state["updated"]), span.until
        ):
            state = {**state, "updated": stamp(reached)}
            yield Page(records, state, now, where=where)
        first = (span.since or BEGINNING).date()
        for reread, before in due(self.rereads, state, now):
            for start, end in _joined(parts_due(reread, before, now, first, now.date(), PART_DAYS)):
                yield from self._again(ask, start, end, span, state, now)
            if reread.window is not None:
                yield from self._again(ask, now.date(), None, span, state, now)
            state = done(state, [reread], now)
        yield Page([], state, now, watermark=min(now, span.until or now))

    def _first_load(self, ask: Asker, state: dict[str, Any], span: Span, now: datetime) -> Iterator[Page]:
        state.setdefault("began", stamp(now))
        began = parse_instant(state["began"])
        end = min(began, span.until or began)
        if span.since and "next" not in state:
            for records, _, where in self._by_value(
                ask, "updated", span.since, span.until, {"created__lt": stamp(span.since)}
            ):
                yield Page(records, {"began": state["began"]}, now, where=where)
        start = parse_instant(state["next"]) if "next" in state else span.since
        if start is None:
            oldest = ask.get(self.path, {"ordering": "created,id"})
            rows = _ordered(oldest, "created")
            start = instant_of(rows[0], "created", oldest) if rows else end
        width = FIRST_WIDTH
        while start < end:
            stop = min(start + width, end)
            records, where = self._window(ask, start, stop)
            met = [parse_instant(state["newest"])] if "newest" in state else []
            met += [parse_instant(record["updated"]) for record in records]
            state |= {"next": stamp(stop), **({"newest": stamp(max(met))} if met else {})}
            yield Page(records, dict(state), now, where=where)
            wanted = width * (WINDOW_ROWS / max(len(records), 1))
            start, width = stop, max(NARROWEST, min(WIDEST, min(wanted, width * 4)))

    def _again(
        self, ask: Asker, start: date, end: date | None, span: Span, state: dict[str, Any], now: datetime
    ) -> Iterator[Page]:
        """One part of the stream, complete."""
        since, stop = midnight(start), midnight(end) if end else None
        if span.until:
            stop = min(stop or span.until, span.until)
        records, where = self._window(ask, since, stop)
        whole = [Whole(self.stream, column="created", start=since, end=stop or now)]
        if self.members:
            ids = frozenset(record["id"] for record in records)
            there = frozenset(str(one) for record in records for one in _members(record, self.members, where))
            whole.append(Whole(self.members.stream, {self.members.parent: ids}, keys=there))
        yield Page(records, state, now, where=where, whole=tuple(whole))

    def _window(self, ask: Asker, start: datetime, stop: datetime | None) -> tuple[list[Any], str]:
        """All rows created in [start, stop): pages side by side, or by value when the count changes."""
        params = {"created__gt": stamp(start - MICROSECOND), "ordering": "id"}
        if stop:
            params["created__lt"] = stamp(stop)
        first = ask.get(self.path, params)
        expected = counted(first, "count")
        found = {record["id"]: record for record in _ordered(first)}
        pages = range(2, -(-expected // self.page_rows) + 1)
        paths = (f"{self.path}?{urlencode({**params, 'page': page})}" for page in pages)
        still = True
        for _, outcome in ask.get_many(paths):
            if isinstance(outcome, SourceDenied) and outcome.status == 404:
                still = False
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                still = still and counted(outcome, "count") == expected
                found.update((record["id"], record) for record in _ordered(outcome))
        if not still or len(found) < expected:
            for records, _, _ in self._by_value(ask, "created", start, stop):
                found.update((record["id"], record) for record in records)
        for record in found.values():
            if not start <= instant_of(record, "created", first) < (stop or datetime.max.replace(tzinfo=UTC)):
                raise SourceChanged("rows of the window that was asked for", "others", first.where)
        return list(found.values()), first.where

    def _by_value(
        self,
        ask: Asker,
        name: str,
        start: datetime,
        until: datetime | None,
        also: dict[str, str] | None = None,
    ) -> Iterator[tuple[list[Any], datetime, str]]:
        """Pages in the order of (name, id) from `start` on: (new records, last value, where)."""
        after, met = start - MICROSECOND, set[tuple[Any, Any]]()
        bound = {f"{name}__lt": stamp(until)} if until else {}
        while True:
            params = {"ordering": f"{name},id", f"{name}__gt": stamp(after), **bound, **(also or {})}
            answer = ask.get(self.path, params)
            records = _ordered(answer, name)
            if not records:
                if counted(answer, "count"):
                    raise SourceChanged(
                        f"{counted(answer, 'count')} rows as its count says", "an empty page", answer.where
                    )
                return
            last = instant_of(records[-1], name, answer)
            fresh = [record for record in records if (record.get("id"), record.get(name)) not in met]
            met = {
                (record.get("id"), record.get(name))
                for record in records
                if instant_of(record, name, answer) == last
            }
            if fresh:
                yield fresh, last, answer.where
            if len(records) < self.page_rows:
                if answer.body.get("next"):
                    raise SourceChanged(f"{self.page_rows} rows a page", f"{len(records)}", answer.where)
                return
            if last - MICROSECOND > after:
                after = last - MICROSECOND
            else:
                yield from self._one_instant(ask, name, last)
                after, met = last, set()

    def _one_instant(
        self, ask: Asker, name: str, value: datetime
    ) -> Iterator[tuple[list[Any], datetime, str]]:
        """All rows that share one value, when they fill a page: by page, in the order of id."""
        page = 1
        while True:
            answer = ask.get(self.path, {name: stamp(value), "ordering": "id", "page": page})
            yield _ordered(answer), value, answer.where
            if not answer.body.get("next"):
                return
            page += 1

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        for window, since in windows_to_count(now, span):
            params = {"created__gt": stamp(since - MICROSECOND), "ordering": "id"}
            if span.until:
                params["created__lt"] = stamp(span.until)
            yield Count(window, since, span.until, counted(ask.get(self.path, params), "count"))


def _ordered(answer: Answer, name: str | None = None) -> list[Any]:
    """The records of a page that was asked for in the order of `name` and id, or of id alone.

    Raises SourceChanged when they come in another one. What is no record with a number is left to the border.
    """
    records = listed(answer, "results")
    known = [one for one in records if isinstance(one, dict) and isinstance(one.get("id"), int)]
    if name is None:
        in_order([record["id"] for record in known], "id", answer)
    else:
        places = [(instant_of(record, name, answer), record["id"]) for record in known]
        in_order(places, f"{name},id", answer)
    return records


def _members(record: Any, members: Members, where: str) -> list[Any]:
    """All ids that a record lists. Raises SourceChanged when it lists none: that is no empty list."""
    found = record.get(members.field)
    if not isinstance(found, list):
        raise SourceChanged(f"a list `{members.field}` in every record", json_type(found), where)
    return found


def _joined(parts: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """Parts side by side as one, up to four weeks: fewer half-filled pages."""
    run: tuple[date, date] | None = None
    for start, end in parts:
        if run and run[1] == start and (end - run[0]).days <= 4 * PART_DAYS:
            run = run[0], end
            continue
        if run:
            yield run
        run = start, end
    if run:
        yield run


@dataclass(frozen=True)
class NewestFirst:
    """SUMO users: a list newest first without any filter, walked until known ground.

    New rows push others to later pages, so nothing is lost by them; deletions pull rows up past the
    border of a page, so when the list's own count falls, the pages back to which they may have come are asked
    again before the walk goes on. A page in another order ends the run: rows that are new would not be met
    before the known ground.
    Re-reads walk the whole list; between two rows of a page everything is shown, so a stored profile that
    should lie there and did not come is gone.
    Cursor: {"began"} during the first load, which begins anew when it broke off, then {"newest", "reread"}.
    """

    path: str
    at: str
    stream: str
    rereads: tuple[Reread, ...] = ()
    overlap: timedelta = timedelta(days=1)
    page_rows: int = 20

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        known = parse_instant(cursor["newest"]) - self.overlap if "newest" in cursor else None
        newest: datetime | None = None
        again = list(self.rereads) if "began" in cursor else []  # rows of a load that broke off may be gone
        for _ in range(PASSES):
            page, asked, slipped, distinct = 1, 0, False, set[Any]()
            before: int | None = None
            absent = set[int]()
            above: datetime | None = None
            while True:
                try:
                    answer = ask.get(self.path, {"page": page})
                except SourceDenied as denied:
                    if denied.status != 404 or page == 1 or page in absent:
                        raise
                    absent.add(page)  # so many rows went that there is no such page any more
                    page, above = page - 1, None
                    continue
                records, expected, now = (
                    listed(answer, "results"),
                    counted(answer, "count"),
                    answer.server_now,
                )
                if known and page == 1:
                    again = due_whole(self.rereads, cursor, now)
                    known = None if again else known
                cursor = loading(cursor, now)
                still = before in (None, expected)
                fell, before, asked = max(0, (before or 0) - expected), expected, asked + 1
                if not records and expected > (page - 1) * self.page_rows:
                    raise SourceChanged(f"{expected} rows as its count says", "an empty page", answer.where)
                if records:
                    times = [instant_of(record, self.at, answer) for record in records]
                    in_order(reversed(times), f"{self.at}, newest first", answer)
                    newest = max(newest or BEGINNING, *times)
                distinct.update(record.get("id") for record in records)
                whole = self._shown(records, answer, above) if again and still else ()
                above = instant_of(records[-1], self.at, answer) if records else above
                yield Page(records, cursor, now, where=answer.where, whole=whole)
                if fell and page > 1 and asked <= PASSES * (2 + expected // self.page_rows):
                    page, above = max(1, page - -(-fell // self.page_rows)), None
                    continue
                slipped = slipped or (fell > 0 and page > 1)
                met_known = known and records and instant_of(records[-1], self.at, answer) < known
                if met_known or not answer.body.get("next"):
                    break
                page += 1
            is_counted = not slipped and len(distinct) >= expected
            if known or is_counted or (again and "reread" in cursor):
                break
        else:
            raise SourceChanged(f"{expected} distinct rows", f"{len(distinct)} in {PASSES} walks", self.path)
        state = {**cursor, "newest": stamp(newest)} if newest else cursor
        if again or "reread" not in state:
            state = done(state, again or self.rereads, now)
        counts = (Count("backfill", None, None, expected),)
        yield Page([], state, now, watermark=now, counts=counts)

    def _shown(self, records: list[Any], answer: Answer, above: datetime | None) -> tuple[Whole, ...]:
        """What lies between the last row of the page above (else the first of this one) and the last of this.

        Ties at these borders are left out.
        """
        if len(records) < 2:
            return ()
        start = instant_of(records[-1], self.at, answer) + MICROSECOND
        end = above or instant_of(records[0], self.at, answer)
        return (Whole(self.stream, column=self.at, start=start, end=end),)

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()

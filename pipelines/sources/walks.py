"""How to read an interface to its end without losing a row that moves meanwhile.

One class a way of paging, each declared by a source with its own path and names. Every walk yields
pages with the cursor that continues after them, and at the end a page (possibly empty) with the
watermark. Not in here: connections and retries (`http.py`), what is done with a page (`landing.py`).

Rows met twice are normal (inclusive cursors, overlaps); landing writes a record only when it changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.sources.http import SourceDenied, SourceDown
from pipelines.sources.spec import (
    Answer,
    Asker,
    Count,
    Page,
    SourceChanged,
    Span,
    counted,
    listed,
    parse_instant,
    stamp,
    trailing_number,
)

FAR_FUTURE = "2999-01-01T00:00:00Z"
BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST_30_D = timedelta(days=30)
PASSES = 3
"""How often a list without a stable order is walked until its own count has been met."""


def _value(record: Any, name: str, answer: Answer) -> datetime:
    """The instant under `name`, by which the walk goes on."""
    raw = record.get(name) if isinstance(record, dict) else None
    if not isinstance(raw, str):
        raise SourceChanged(f"a time `{name}` in every record", type(raw).__name__, answer.where)
    return parse_instant(raw)


def _windows(now: datetime, span: Span) -> tuple[tuple[str, datetime], tuple[str, datetime]]:
    """The two windows whose counts are compared: all that was asked for, and the last 30 days."""
    since = span.since or BEGINNING
    return ("backfill", since), ("last_30d", max(since, now - LAST_30_D))


@dataclass(frozen=True)
class ValueKeyset:
    """SUMO: always page 1 of (value, id) after the last value seen, inclusive; fixed 20 a page.

    reread: how far back by `created` rows are read again once a day, because some changes do not
    move `updated`. Cursor: {"updated", "reread_at"}.
    """

    path: str
    reread: timedelta | None = None
    page_rows: int = 20

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        probe = ask.get(self.path, {"updated__gt": FAR_FUTURE, "ordering": "updated,id"})
        if counted(probe, "count"):
            raise SourceChanged("no rows after the year 2999", f"{counted(probe, 'count')} rows", probe.where)
        now = probe.server_now
        state = dict(cursor)
        start = parse_instant(cursor["updated"]) if cursor else span.since or BEGINNING
        for records, reached, where in self._by_value(ask, "updated", start, span.until):
            state = {**state, "updated": stamp(reached)}
            yield Page(records, state, now, where=where)
        first_load = "reread_at" not in state
        if self.reread and (first_load or now - parse_instant(state["reread_at"]) >= timedelta(days=1)):
            if not first_load:
                again_from = max(now - self.reread, span.since or BEGINNING)
                for records, _, where in self._by_value(ask, "created", again_from, span.until):
                    yield Page(records, state, now, where=where)
            state = {**state, "reread_at": stamp(now)}
        state.setdefault("updated", stamp(start))
        yield Page([], state, now, watermark=min(now, span.until or now))

    def _by_value(
        self, ask: Asker, name: str, start: datetime, until: datetime | None
    ) -> Iterator[tuple[list[Any], datetime, str]]:
        """Pages in the order of (name, id) from `start` on: (new records, last value, where)."""
        after, met = start - MICROSECOND, set[tuple[Any, Any]]()
        bound = {f"{name}__lt": stamp(until)} if until else {}
        while True:
            params = {"ordering": f"{name},id", f"{name}__gt": stamp(after), **bound}
            answer = ask.get(self.path, params)
            records = listed(answer, "results")
            if not records:
                if counted(answer, "count"):
                    raise SourceChanged(
                        f"{counted(answer, 'count')} rows as its count says", "an empty page", answer.where
                    )
                return
            last = _value(records[-1], name, answer)
            fresh = [record for record in records if (record.get("id"), record.get(name)) not in met]
            met = {
                (record.get("id"), record.get(name))
                for record in records
                if _value(record, name, answer) == last
            }
            if fresh:
                yield fresh, last, answer.where
            if len(records) < self.page_rows:
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
            yield listed(answer, "results"), value, answer.where
            if not answer.body.get("next"):
                return
            page += 1

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        for window, since in _windows(now, span):
            params = {"created__gt": stamp(since - MICROSECOND), "ordering": "id"}
            if span.until:
                params["created__lt"] = stamp(span.until)
            yield Count(window, since, span.until, counted(ask.get(self.path, params), "count"))


@dataclass(frozen=True)
class NewestFirst:
    """SUMO users: a list newest first without any filter, walked until known ground.

    New rows push others to later pages, so nothing is lost by them; deletions pull rows up past the
    border of a page, so a first walk during which the list's own count fell is repeated.
    Cursor: {"newest"}.
    """

    path: str
    at: str
    overlap: timedelta = timedelta(days=1)

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        known = parse_instant(cursor["newest"]) - self.overlap if cursor else None
        newest: datetime | None = None
        for _ in range(PASSES):
            page, fell, before, distinct = 1, False, 0, set[Any]()
            while True:
                answer = ask.get(self.path, {"page": page})
                records, expected, now = (
                    listed(answer, "results"),
                    counted(answer, "count"),
                    answer.server_now,
                )
                fell, before = fell or expected < before, expected
                if not records and expected > (page - 1) * 20:
                    raise SourceChanged(f"{expected} rows as its count says", "an empty page", answer.where)
                if records:
                    newest = max(
                        newest or BEGINNING, *(_value(record, self.at, answer) for record in records)
                    )
                distinct.update(record.get("id") for record in records)
                yield Page(records, cursor, now, where=answer.where)
                met_known = known and records and _value(records[-1], self.at, answer) < known
                if met_known or not answer.body.get("next"):
                    break
                page += 1
            if known or (not fell and len(distinct) >= expected):
                break
        else:
            raise SourceChanged(f"{expected} distinct rows", f"{len(distinct)} in {PASSES} walks", self.path)
        state = {"newest": stamp(newest)} if newest else cursor
        yield Page([], state, now, watermark=now)

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        yield Count("backfill", None, None, counted(ask.get(self.path, {"page": 1}), "count"))


@dataclass(frozen=True)
class PagedList:
    """Pontoon's small lists in the order of their code: all pages, every run. Cursor: {}."""

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        page, seen = 1, 0
        while True:
            answer = ask.get(self.path, {**self.params, "page": page})
            records = listed(answer, "results")
            seen += len(records)
            last = not answer.body.get("next")
            if (not records or last) and seen < counted(answer, "count"):
                raise SourceChanged(
                    f"{counted(answer, 'count')} rows as its count says", f"{seen}", answer.where
                )
            yield Page(records, {}, answer.server_now, answer.server_now if last else None, answer.where)
            if last:
                return
            page += 1

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        answer = ask.get(self.path, {**self.params, "page": 1})
        yield Count("backfill", None, None, counted(answer, "count"))


@dataclass(frozen=True)
class BugzillaSearch:
    """Bugzilla: first by id to the end, then by (last_change_time, id) from when that walk began.

    A bug edited meanwhile moves to the end and is met again. When one second fills a whole page, it
    is finished by id. Cursor: {"after_id", "began"}, later {"changed"}.
    """

    path: str
    fields: str
    limit: int
    overlap: timedelta

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        state = dict(cursor)
        now = None
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
                state = {"changed": stamp(reached)}
            yield Page(bugs, state, now, where=answer.where)
        assert now is not None
        state = {"changed": stamp(max(parse_instant(state["changed"]), now - self.overlap))}
        yield Page([], state, now, watermark=min(now, span.until or now))

    def _asked(self, terms: dict[str, Any]) -> dict[str, Any]:
        return {"include_fields": self.fields, "limit": self.limit, **terms}

    def _by_change(self, ask: Asker, start: datetime) -> Iterator[tuple[list[Any], datetime | None, Answer]]:
        changed = start
        while True:
            params = self._asked({"last_change_time": _second(changed), "order": "changeddate,bug_id"})
            answer = ask.get(self.path, params)
            bugs = listed(answer, "bugs")
            last = _value(bugs[-1], "last_change_time", answer) if bugs else None
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
            same = [bug for bug in bugs if _value(bug, "last_change_time", answer) == second]
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


@dataclass(frozen=True)
class ProjectDays:
    """Pontoon: one answer a project and day; a closed day is asked once, the last ones again daily.

    closes_after: how long after its end (in the source's clock) a day is taken as over.
    reread: how many of the last days are read again, once a day.
    A day that fails alone is owed: the walk goes on and asks it again on the next run.
    Cursor: {"next": {project: first day not yet read}, "owed": [[project, day]], "reread_at"}.
    """

    projects: str
    day: str
    closes_after: timedelta
    reread: timedelta
    failures_in_a_row: int = 10

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        answer = ask.get(
            self.projects, {"page_size": 1000, "include_disabled": "true", "include_system": "true"}
        )
        slugs = sorted(str(project["slug"]) for project in listed(answer, "results"))
        now = answer.server_now
        end = min(now - self.closes_after, span.until or now).date()
        first = (span.since or BEGINNING.replace(year=2011)).date()
        following: dict[str, str] = dict(cursor.get("next", {}))
        due: list[list[str]] = list(cursor.get("owed", []))
        owed: list[list[str]] = []
        reread_at = parse_instant(cursor["reread_at"]) if "reread_at" in cursor else None
        again = reread_at is not None and now - reread_at >= timedelta(days=1)
        wanted: list[tuple[str, date]] = [(slug, date.fromisoformat(on)) for slug, on in due]
        for slug in slugs:
            begin = date.fromisoformat(following[slug]) if slug in following else first
            if again:
                begin = max(first, min(begin, end - self.reread))
            wanted += [(slug, begin + timedelta(days=n)) for n in range((end - begin).days)]
        failed = 0
        for (slug, on), outcome in zip(wanted, self._ask(ask, wanted), strict=True):
            records: list[Any] = []
            due = due[1:]
            if isinstance(outcome, Answer):
                failed = 0
                project = outcome.body.get("project") if isinstance(outcome.body, dict) else None
                records = [{**action, "project": project} for action in listed(outcome, "actions")]
            elif not _hidden(outcome):
                failed += 1
                owed.append([slug, on.isoformat()])
                if failed >= self.failures_in_a_row or not isinstance(outcome, (SourceDenied, SourceDown)):
                    raise outcome
            following[slug] = max(following.get(slug, ""), (on + timedelta(days=1)).isoformat())
            state = {
                "next": dict(following),
                "owed": owed + due,
                "reread_at": cursor.get("reread_at", stamp(now)),
            }
            yield Page(records, state, now, where=self.day.format(day=on, slug=slug))
        state = {
            "next": following,
            "owed": owed,
            "reread_at": stamp(now) if again or not reread_at else cursor["reread_at"],
        }
        yield Page([], state, now, watermark=datetime.combine(end, datetime.min.time(), UTC))

    def _ask(self, ask: Asker, wanted: list[tuple[str, date]]) -> Iterator[Answer | Exception]:
        for _, outcome in ask.get_many(self.day.format(day=on, slug=slug) for slug, on in wanted):
            yield outcome

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def _hidden(outcome: Answer | Exception) -> bool:
    """A project that went private: its days are nobody's business any more."""
    return isinstance(outcome, SourceDenied) and outcome.status == 403 and "permission" in outcome.detail


@dataclass(frozen=True)
class ListWithDetails:
    """Reps: a list by page and one detail call an item; a closed archive, so walked once.

    Until the distinct items are as many as the list's own count, it is walked again. Cursor:
    {"page"} on the way, then {"count"}: with the same count the next run asks the first page alone.
    """

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        first = ask.get(self.path, {**self.params, "page": 1})
        expected, now = counted(first, "count"), first.server_now
        if cursor.get("count") == expected:
            yield Page([], cursor, now, watermark=now, where=first.where)
            return
        distinct = set[int]()
        resumed_at = int(cursor.get("page", 1))
        for attempt in range(PASSES):
            page = resumed_at if attempt == 0 else 1
            while True:
                answer = (
                    first if page == 1 and attempt == 0 else ask.get(self.path, {**self.params, "page": page})
                )
                items = listed(answer, "results")
                if not items and expected > (page - 1) * 20:
                    raise SourceChanged(f"{expected} items as its count says", "an empty page", answer.where)
                numbers = [trailing_number(str(item.get("_url"))) for item in items]
                records = []
                for number, outcome in self._details(ask, [n for n in numbers if n not in distinct]):
                    distinct.add(number)
                    if isinstance(outcome, SourceDenied) and outcome.status == 404:
                        continue
                    if isinstance(outcome, Exception):
                        raise outcome
                    if not isinstance(outcome.body, dict):
                        raise SourceChanged("an object", type(outcome.body).__name__, outcome.where)
                    records.append({**outcome.body, "_number": number})
                yield Page(records, {"page": page + 1}, now, where=answer.where)
                if not answer.body.get("next"):
                    break
                page += 1
            if resumed_at > 1 or len(distinct) >= expected:
                break
        else:
            raise SourceChanged(f"{expected} distinct items", f"{len(distinct)} in {PASSES} walks", self.path)
        yield Page([], {"count": expected}, now, watermark=now)

    def _details(self, ask: Asker, numbers: list[int]) -> Iterator[tuple[int, Answer | Exception]]:
        outcomes = ask.get_many(f"{self.path}{number}/" for number in numbers)
        for number, (_, outcome) in zip(numbers, outcomes, strict=True):
            yield number, outcome

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        yield Count("backfill", None, None, counted(ask.get(self.path, {**self.params, "page": 1}), "count"))

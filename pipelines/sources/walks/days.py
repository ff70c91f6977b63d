"""Pontoon's user actions: one answer a project and day."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from pipelines.sources.http import SourceDenied, SourceDown
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
    DAY,
    due,
    ended,
    instant_of,
    loading,
    midnight,
    parts_due,
)

log = logging.getLogger(__name__)

BEFORE_ALL = date(2000, 1, 1)
"""A day before any action: its answer is small, never fails alone, and tells whose the slug is."""

PRIVATE = "You do not have permission to access data for this project."
"""With 403, what tells a project that went private from every reason why we may not ask at all."""

EASTERNMOST, WESTERNMOST = timedelta(hours=14), timedelta(hours=12)
"""How much before UTC a day can begin, and how much after UTC it can end."""


class Turn(Enum):
    """Why a day is asked: it failed before, it was never read, or it is time to read it again."""

    OWED = "owed"
    NEW = "new"
    AGAIN = "again"


@dataclass(frozen=True)
class ProjectDay:
    """One question of the walk."""

    slug: str
    on: date
    turn: Turn

    @property
    def named(self) -> tuple[str, str]:
        return self.slug, self.on.isoformat()


@dataclass
class _Progress:
    """Where a walk is: what its cursor says, and which projects it has given up until the next run.

    following: project -> first day not yet read. numbers: project -> its `pk`. begins: project -> first day
    with an action, None as long as there was none; without those of which it is not known. waiting: days owed
    from before and not yet asked; owed: days that failed in this run (both as ordered sets). in_a_row:
    failures of a project and turn since its last answer. left: projects and turns that are not asked any
    more. silent: projects left since any last answer. gone: projects of which nothing is asked in this run:
    they went private or gave their slug away, or we could not tell whose the slug is.
    """

    following: dict[str, str]
    numbers: dict[str, int]
    begins: dict[str, str | None]
    waiting: dict[tuple[str, str], None]
    owed: dict[tuple[str, str], None] = field(default_factory=dict)
    in_a_row: Counter[tuple[str, Turn]] = field(default_factory=Counter)
    left: set[tuple[str, Turn]] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def cursor(self) -> dict[str, Any]:
        """Days not asked in this run come before those that failed again: in the end each has its turn."""
        owed = [list(one) for one in {**self.waiting, **self.owed}]
        return {
            "next": dict(self.following),
            "pks": dict(self.numbers),
            "begins": dict(self.begins),
            "owed": owed,
        }

    def acted(self, slug: str, on: date) -> None:
        """Note a day with actions: it may be the first of its project."""
        if slug in self.begins:
            self.begins[slug] = min(self.begins[slug] or on.isoformat(), on.isoformat())

    def may_have_lost(self, slug: str, on: date) -> bool:
        """Whether the project had an action on this day or before, or it is not known whether it had."""
        begins = self.begins.get(slug, "")
        return begins is not None and begins <= on.isoformat()

    def rename(self, old: str, new: str) -> None:
        """Go on with a project under its new name."""
        self.numbers[new] = self.numbers.pop(old)
        if old in self.following:
            self.following[new] = self.following.pop(old)
        if old in self.begins:
            self.begins[new] = self.begins.pop(old)
        self.waiting = {(new if slug == old else slug, on): None for slug, on in self.waiting}

    def forget(self, slug: str) -> None:
        """Begin with a project anew when it is there again."""
        self.following.pop(slug, None)
        self.numbers.pop(slug, None)
        self.begins.pop(slug, None)
        self.waiting = {one: None for one in self.waiting if one[0] != slug}
        self.owed = {one: None for one in self.owed if one[0] != slug}


@dataclass(frozen=True)
class ProjectDays:
    """A closed day of a project is asked once; re-reads ask it again, a part a day, because rows vanish.

    closes_after: how long after its end (in the source's clock) a day is taken as over.
    A day that fails alone is owed: the walk goes on and asks it again on the next run. A project of which so
    many days fail in a row is left until then, and the others are asked. When so many projects have been left
    without any answer in between, it is the source that is down (days that failed before tell nothing of it).
    The source counts nothing: what a day shows when it is read again is held against what was stored of it.
    A day is that of the source's own zone, which nothing tells. So every record carries `_asked_on`, the day
    under which it was shown, and a re-read shows all records of that day, whenever in UTC it began.
    A project is known by its `pk`, which the answer to a day tells; the list gives its slug alone. Of a new
    slug a day before any action is asked: where its `pk` is known, the project was renamed, and the walk goes
    on with it. A project that is not listed any more, under any slug, is gone with all that is stored of it.
    Owed days are asked first, then new ones, then those to be read again; a run that is broken off goes on
    there. A re-read without a window leaves out the days before a project's first action: nothing can vanish
    there. Cursor: {"next": {project: first day not yet read}, "pks": {project: pk}, "begins": {project: first
    day with an action, or null}, "owed": [[project, day]], "again": {"began", "after": [project, day]} in the
    middle of re-reads, "reread"}.
    The least for a day: one request a project, one a project and day of each re-read, one for the projects.
    """

    projects: str
    day: str
    stream: str
    closes_after: timedelta
    rereads: tuple[Reread, ...] = ()
    failures_in_a_row: int = 10
    projects_in_a_row: int = 3

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        slugs, now = self._projects(ask)
        cursor = loading(cursor, now)
        progress = _Progress(
            dict(cursor.get("next", {})),
            dict(cursor.get("pks", {})),
            dict(cursor.get("begins", {})),
            dict.fromkeys((slug, on) for slug, on in cursor.get("owed", [])),
        )
        if self._follow_names(ask, slugs, progress, complete="reread" in cursor):
            cursor = {name: value for name, value in cursor.items() if name != "again"}
        vanished = sorted({*progress.following, *progress.numbers} - {*slugs})
        end = min(now - self.closes_after, span.until or now).date()
        first = (span.since or BEGINNING.replace(year=2011)).date()
        begun = cursor.get("again", {})
        swept_at = parse_instant(begun["began"]) if begun else now
        again = due(self.rereads, cursor, swept_at)
        due_days: dict[date, bool] = {}
        for reread, before in again:
            for start, stop in parts_due(reread, before, swept_at, first, end, days=1):
                for on in _days(start, stop):
                    due_days[on] = due_days.get(on, False) or reread.window is not None
        buried = [self._all_of(slug, progress) for slug in vanished]
        if buried:
            # What is buried must not come again in the same batch, under a slug of which we could not ask.
            progress.gone = {*slugs} - {*progress.following, *progress.numbers}
            for slug in vanished:
                progress.forget(slug)
            state = {**cursor, **progress.cursor()}
            yield Page([], state, now, where=self.projects, whole=tuple(one for one in buried if one))
        for slug in {*slugs} - {*progress.following}:
            progress.begins.setdefault(slug, None)
        wanted = self._wanted(slugs, progress, first, end, due_days, tuple(begun.get("after", ())))
        for one, outcome in self._ask(ask, wanted, progress):
            if one.slug in progress.gone:
                continue
            records: list[Any] = []
            whole: tuple[Whole, ...] = ()
            progress.waiting.pop(one.named, None)
            if _hidden(outcome) or self._is_another(one, outcome, progress):
                part = self._all_of(one.slug, progress)
                progress.forget(one.slug)
                progress.gone.add(one.slug)
                state = {**cursor, **progress.cursor()}
                yield Page([], state, now, where=self.projects, whole=(part,) if part else ())
                continue
            if isinstance(outcome, Answer):
                progress.in_a_row[one.slug, one.turn] = 0
                progress.silent.clear()
                project = outcome.body.get("project") if isinstance(outcome.body, dict) else None
                told = {"project": project, "_asked_on": one.on.isoformat()}
                records = [{**action, **told} for action in listed(outcome, "actions")]
                _check_day(records, one.on, outcome)
                progress.numbers[one.slug] = _number(outcome)
                if records:
                    progress.acted(one.slug, one.on)
                if one.turn is not Turn.NEW:
                    of = {"project_pk": progress.numbers[one.slug], "asked_on": one.on}
                    whole = (Whole(self.stream, of, again=one.turn is Turn.AGAIN),)
            else:
                self._failed(one, outcome, progress, len(slugs))
            if one.turn is Turn.NEW:
                progress.following[one.slug] = (one.on + DAY).isoformat()
            if one.turn is Turn.AGAIN:
                cursor = {**cursor, "again": {"began": stamp(swept_at), "after": list(one.named)}}
            state = {**cursor, **progress.cursor()}
            yield Page(records, state, now, where=self.day.format(day=one.on, slug=one.slug), whole=whole)
        state = {name: value for name, value in cursor.items() if name != "again"}
        state = ended({**state, **progress.cursor()}, self.rereads, again, swept_at)
        yield Page([], state, now, watermark=midnight(end))

    def _projects(self, ask: Asker) -> tuple[list[str], datetime]:
        """The slugs of all projects, and the source's clock. Raises SourceChanged when the list is shorter
        than its own count: what is not on it is taken as gone."""
        slugs, page = set[str](), 1
        while True:
            asked = {"page_size": 1000, "include_disabled": "true", "include_system": "true", "page": page}
            answer = ask.get(self.projects, asked)
            slugs.update(str(project["slug"]) for project in listed(answer, "results"))
            if not answer.body.get("next"):
                break
            page += 1
        if len(slugs) < counted(answer, "count"):
            raise SourceChanged(
                f"{counted(answer, 'count')} projects as its count says", f"{len(slugs)}", answer.where
            )
        return sorted(slugs), answer.server_now

    def _follow_names(self, ask: Asker, slugs: Sequence[str], progress: _Progress, *, complete: bool) -> bool:
        """Give projects that were renamed their new names; whether there were any.

        complete: whether every project was read before, so that a new slug is worth a question. Until then it
        is one when a slug has vanished.
        """
        known = {*progress.following, *progress.numbers}
        fresh = deque(slug for slug in slugs if slug not in known)
        renamed = False
        if not complete and known <= {*slugs}:
            return renamed
        while fresh:
            slug = fresh.popleft()
            try:
                number = _number(ask.get(self.day.format(day=BEFORE_ALL, slug=slug)))
            except SourceDenied:
                continue
            old = next((name for name, its in progress.numbers.items() if its == number), slug)
            if old != slug:
                log.warning("%s has a new name, %s: we go on with it", old, slug)
                progress.rename(old, slug)
                renamed = True
                if old in slugs:
                    fresh.append(old)
        return renamed

    def _all_of(self, slug: str, progress: _Progress) -> Whole | None:
        """All that is stored of a project of which nothing is to stay; None when it has another name."""
        number = progress.numbers.get(slug)
        if number is None:
            return Whole(self.stream, {"project": slug}, keys=frozenset())
        if any(its == number for name, its in progress.numbers.items() if name != slug):
            return None
        return Whole(self.stream, {"project_pk": number}, keys=frozenset())

    def _is_another(self, one: ProjectDay, outcome: Answer | Exception, progress: _Progress) -> bool:
        """Whether another project has taken the slug since we read it last."""
        number = progress.numbers.get(one.slug)
        return isinstance(outcome, Answer) and number is not None and _number(outcome) != number

    def _wanted(
        self,
        slugs: Sequence[str],
        progress: _Progress,
        first: date,
        end: date,
        due_days: Mapping[date, bool],
        after: tuple[str, ...],
    ) -> list[ProjectDay]:
        """All days to ask in this run. due_days: days to read again, and whether also where a project had no
        action yet. after: the last project and day of re-reads that were broken off."""
        unread = {slug: date.fromisoformat(progress.following.get(slug, first.isoformat())) for slug in slugs}
        owed = [ProjectDay(slug, date.fromisoformat(on), Turn.OWED) for slug, on in progress.waiting]
        new = [ProjectDay(slug, on, Turn.NEW) for slug in slugs for on in _days(unread[slug], end)]
        again = [
            ProjectDay(slug, on, Turn.AGAIN)
            for slug in slugs
            for on, lately in sorted(due_days.items())
            if on < unread[slug] and (lately or progress.may_have_lost(slug, on))
        ]
        left = [one for one in again if one.named > after and one.named not in progress.waiting]
        return [*owed, *new, *left]

    def _ask(
        self, ask: Asker, wanted: list[ProjectDay], progress: _Progress
    ) -> Iterator[tuple[ProjectDay, Answer | Exception]]:
        """What came of each day, without those of projects that are left; of these, re-reads are owed."""
        asked = deque[ProjectDay]()

        def paths() -> Iterator[str]:
            for one in wanted:
                if one.slug in progress.gone:
                    continue
                if (one.slug, one.turn) not in progress.left:
                    asked.append(one)
                    yield self.day.format(day=one.on, slug=one.slug)
                elif one.turn is Turn.AGAIN:
                    progress.owed[one.named] = None

        for _, outcome in ask.get_many(paths()):
            yield asked.popleft(), outcome

    def _failed(self, one: ProjectDay, outcome: Exception, progress: _Progress, projects: int) -> None:
        """Owe a day that failed. Raises what is no failure of a day, and when the source is down."""
        if not isinstance(outcome, (SourceDenied, SourceDown)) or _not_us(outcome):
            raise outcome
        progress.owed[one.named] = None
        progress.in_a_row[one.slug, one.turn] += 1
        if progress.in_a_row[one.slug, one.turn] < self.failures_in_a_row:
            return
        if (one.slug, one.turn) not in progress.left:
            told = "%s: %s days in a row failed; the other projects are asked, the rest of this one next time"
            log.warning(told, one.slug, self.failures_in_a_row)
        progress.left.add((one.slug, one.turn))
        if one.turn is not Turn.OWED:
            progress.silent.add(one.slug)
        if len(progress.silent) >= min(self.projects_in_a_row, projects):
            raise outcome

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def _days(start: date, end: date) -> Iterator[date]:
    for number in range(max(0, (end - start).days)):
        yield start + timedelta(days=number)


def _number(answer: Answer) -> int:
    """The `pk` of the project whose day this is."""
    project = answer.body.get("project") if isinstance(answer.body, dict) else None
    number = project.get("pk") if isinstance(project, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise SourceChanged("a project with a whole number `pk`", json_type(number), answer.where)
    return number


def _check_day(records: list[Any], on: date, answer: Answer) -> None:
    """Raises SourceChanged when an action lies where the asked day is in no time zone."""
    earliest, latest = midnight(on) - EASTERNMOST, midnight(on + DAY) + WESTERNMOST
    for record in records:
        if not isinstance(record.get("date"), str):
            continue
        moment = instant_of(record, "date", answer)
        if not earliest <= moment < latest:
            raise SourceChanged(
                "actions of the asked day, in some time zone", f"one of {stamp(moment)}", answer.where
            )


def _hidden(outcome: Answer | Exception) -> bool:
    """A project that went private: its days are nobody's business any more."""
    return isinstance(outcome, SourceDenied) and outcome.status == 403 and outcome.detail == PRIVATE


def _not_us(outcome: Exception) -> bool:
    """Whether it is we who may not ask, as with a token that has expired: no other day tells more."""
    return isinstance(outcome, SourceDenied) and outcome.status == 403 and not _hidden(outcome)

"""Pontoon's user actions: one answer a project and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.sources.http import SourceDenied, SourceDown
from pipelines.sources.spec import (
    Answer,
    Asker,
    Count,
    Page,
    Reread,
    Span,
    Whole,
    listed,
)
from pipelines.sources.walks.common import BEGINNING, DAY, due, ended, loading, midnight, parts_due

ProjectDay = tuple[str, date, bool]
"""Project, day, and whether it was read before."""


@dataclass(frozen=True)
class ProjectDays:
    """A closed day of a project is asked once; re-reads ask it again, a part a day, because rows vanish.

    closes_after: how long after its end (in the source's clock) a day is taken as over.
    A day that fails alone is owed: the walk goes on and asks it again on the next run.
    Cursor: {"next": {project: first day not yet read}, "owed": [[project, day]], "reread"}.
    The least for a day: one request a project, one a project and day of each re-read, one for the projects.
    """

    projects: str
    day: str
    stream: str
    closes_after: timedelta
    rereads: tuple[Reread, ...] = ()
    failures_in_a_row: int = 10

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        answer = ask.get(
            self.projects, {"page_size": 1000, "include_disabled": "true", "include_system": "true"}
        )
        slugs = sorted(str(project["slug"]) for project in listed(answer, "results"))
        now = answer.server_now
        cursor = loading(cursor, now)
        end = min(now - self.closes_after, span.until or now).date()
        first = (span.since or BEGINNING.replace(year=2011)).date()
        following = {slug: on for slug, on in cursor.get("next", {}).items() if slug in slugs}
        again = due(self.rereads, cursor, now)
        due_days = {
            on
            for reread, before in again
            for start, stop in parts_due(reread, before, now, first, end, days=1)
            for on in _days(start, stop)
        }
        wanted: list[ProjectDay] = [
            (slug, date.fromisoformat(on), True) for slug, on in cursor.get("owed", []) if slug in slugs
        ]
        due_owed = len(wanted)
        for slug in slugs:
            begin = date.fromisoformat(following[slug]) if slug in following else first
            wanted += [(slug, on, True) for on in sorted(due_days) if on < begin]
            wanted += [(slug, on, False) for on in _days(begin, end)]
        owed: list[list[str]] = []
        failed = 0
        for place, ((slug, on, known), outcome) in enumerate(
            zip(wanted, self._ask(ask, wanted), strict=True)
        ):
            records: list[Any] = []
            whole: tuple[Whole, ...] = ()
            if isinstance(outcome, Answer):
                failed = 0
                project = outcome.body.get("project") if isinstance(outcome.body, dict) else None
                records = [{**action, "project": project} for action in listed(outcome, "actions")]
                if known:
                    part = Whole(self.stream, {"project": slug}, "date", midnight(on), midnight(on + DAY))
                    whole = (part,)
            elif _hidden(outcome):
                whole = (Whole(self.stream, {"project": slug}, keys=frozenset()),)
            else:
                failed += 1
                owed.append([slug, on.isoformat()])
                if failed >= self.failures_in_a_row or not isinstance(outcome, (SourceDenied, SourceDown)):
                    raise outcome
            if not known or slug not in following:
                following[slug] = max(following.get(slug, ""), (on + DAY).isoformat())
            left = [[slug, on.isoformat()] for slug, on, _ in wanted[place + 1 : max(due_owed, place + 1)]]
            state = {**cursor, "next": dict(following), "owed": owed + left}
            yield Page(records, state, now, where=self.day.format(day=on, slug=slug), whole=whole)
        state = {**cursor, "next": following, "owed": owed}
        state = ended(state, self.rereads, again, now)
        yield Page([], state, now, watermark=midnight(end))

    def _ask(self, ask: Asker, wanted: list[ProjectDay]) -> Iterator[Answer | Exception]:
        for _, outcome in ask.get_many(self.day.format(day=on, slug=slug) for slug, on, _ in wanted):
            yield outcome

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def _days(start: date, end: date) -> Iterator[date]:
    for number in range(max(0, (end - start).days)):
        yield start + timedelta(days=number)


def _hidden(outcome: Answer | Exception) -> bool:
    """A project that went private: its days are nobody's business any more."""
    return isinstance(outcome, SourceDenied) and outcome.status == 403 and "permission" in outcome.detail

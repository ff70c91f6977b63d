"""What every walk needs: values to go on from, and which re-reads are due. No interface of one system."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.sources.spec import Answer, Reread, SourceChanged, Span, parse_instant, stamp

BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
LAST_30_D = timedelta(days=30)
PASSES = 3
"""How often a list without a stable order is walked until its own count has been met."""


def instant_of(record: Any, name: str, answer: Answer) -> datetime:
    """The instant under `name`, by which a walk goes on."""
    raw = record.get(name) if isinstance(record, dict) else None
    if not isinstance(raw, str):
        raise SourceChanged(f"a time `{name}` in every record", type(raw).__name__, answer.where)
    return parse_instant(raw)


def in_order(places: Iterable[Any], order: str, answer: Answer) -> None:
    """Whether the records of a page, by what they are ordered by, come as they were asked for; equal ones may
    stand side by side. A server that does not know an order leaves it out without a word, and a walk that
    goes on from the last record of a page would then skip what lies behind it."""
    if any(after < before for before, after in itertools.pairwise(places)):
        raise SourceChanged(f"records in the order of {order}", "another order", answer.where)


def windows_to_count(now: datetime, span: Span) -> tuple[tuple[str, datetime], tuple[str, datetime]]:
    """The two windows whose counts are compared: all that was asked for, and the last 30 days."""
    since = span.since or BEGINNING
    return ("backfill", since), ("last_30d", max(since, now - LAST_30_D))


def begun(cursor: dict[str, Any], now: datetime) -> datetime:
    """When the first load began, which may have taken several runs."""
    return parse_instant(cursor["began"]) if "began" in cursor else now


def loading(cursor: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The cursor to go on from; during a first load it says when that began."""
    return cursor if "reread" in cursor else {"began": stamp(now), **cursor}


def days_between(before: datetime, now: datetime) -> timedelta:
    """Days of the source's calendar: a nightly run that begins some seconds earlier than the one before is a
    day later all the same."""
    return now.date() - before.date()


def due(rereads: Iterable[Reread], cursor: dict[str, Any], now: datetime) -> list[tuple[Reread, datetime]]:
    """Re-reads whose time has come, each with when it was last done.

    A first load counts as one, done when it began: in one go it misses nothing, but what a load of several
    runs read first may be days old. What must be read again less often than daily is read a part a day (see
    `parts_due`), so it is due every day.
    """
    last = cursor.get("reread")
    if last is None:
        last = {one.name: stamp(begun(cursor, now)) for one in rereads}
    found = []
    for reread in rereads:
        before = parse_instant(last[reread.name]) if reread.name in last else BEGINNING
        if days_between(before, now) >= min(reread.every, DAY):
            found.append((reread, before))
    return found


def due_whole(rereads: Iterable[Reread], cursor: dict[str, Any], now: datetime) -> list[Reread]:
    """Of a list that cannot be read in parts, the re-reads whose own time has come."""
    return [reread for reread, last in due(rereads, cursor, now) if days_between(last, now) >= reread.every]


def done(cursor: dict[str, Any], rereads: Iterable[Reread], now: datetime) -> dict[str, Any]:
    """The cursor after these re-reads, or after a first load that began then."""
    kept = {name: value for name, value in cursor.items() if name != "began"}
    return {**kept, "reread": {**cursor.get("reread", {}), **{one.name: stamp(now) for one in rereads}}}


def ended(
    cursor: dict[str, Any], rereads: Iterable[Reread], again: list[tuple[Reread, datetime]], now: datetime
) -> dict[str, Any]:
    """The cursor after a run that did all of `again`; the end of a first load starts every re-read's time."""
    if "reread" in cursor:
        return done(cursor, [one for one, _ in again], now)
    return done(cursor, rereads, now if again else begun(cursor, now))


def parts_due(
    reread: Reread, before: datetime, now: datetime, first: date, end: date, days: int
) -> list[tuple[date, date]]:
    """The parts [start, end) of `days` days to read again now, so that each comes round every `reread.every`.

    A part's turn is the day whose number, divided by the days of `every`, leaves the same rest as the
    part's own number; all turns since `before` (when it was last done) are made up for.
    """
    period = max(1, reread.every // DAY)
    passed = min((now.date() - before.date()).days, period)
    turns = {(now.toordinal() - back) % period for back in range(passed)}
    start = max(first, (now - reread.window).date()) if reread.window else first
    numbers = range(start.toordinal() // days, -(-end.toordinal() // days))
    parts = [
        (max(start, date.fromordinal(number * days)), min(end, date.fromordinal((number + 1) * days)))
        for number in numbers
        if number % period in turns
    ]
    return [(begin, stop) for begin, stop in parts if begin < stop]


def short(numbers: Iterable[int]) -> str:
    """Distinct positive numbers in little room, for a cursor: the steps from one to the next greater one, in
    hexadecimal digits, equal ones in a row as `step*times`."""
    pairs = itertools.pairwise([0, *sorted(set(numbers))])
    runs = itertools.groupby(number - before for before, number in pairs)
    steps = ((step, len(list(same))) for step, same in runs)
    return " ".join(f"{step:x}*{times}" if times > 1 else f"{step:x}" for step, times in steps)


def numbers_of(steps: Any) -> set[int]:
    """The numbers of which `short` made these steps; none of what an earlier version left in its place."""
    if not isinstance(steps, str):
        return set()
    runs = (step.partition("*") for step in steps.split())
    return set(itertools.accumulate(int(step, 16) for step, _, times in runs for _ in range(int(times or 1))))


def midnight(on: date) -> datetime:
    return datetime.combine(on, datetime.min.time(), UTC)

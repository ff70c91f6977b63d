"""How large a community made in bulk is: parameters only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from pipelines.simulation.generator.chance import instant


@dataclass(frozen=True)
class Size:
    """People, span and volume of a community made in bulk.

    since: the first of a month, UTC. until: the end of activity, half-open. clock: the servers' clock, later
    than `until`, so that every day is over. contributors, askers: people. The others are means over the
    whole span: bugs filed, support questions, sessions of translators, forum topics, events and reports of
    Reps. What comes of each (comments, changes, answers, reviews, posts) is told in the systems' modules.
    """

    name: str
    since: datetime
    until: datetime
    clock: datetime
    contributors: int
    askers: int
    bugs: float
    questions: float
    sessions: float
    topics: float
    events: float
    reports: float

    @property
    def start(self) -> int:
        return instant(self.since)

    @property
    def end(self) -> int:
        return instant(self.until)

    @property
    def now(self) -> int:
        return instant(self.clock)

    def begins(self, opened: date) -> datetime | None:
        """From when a source that opened on this day is asked; None: from its own start."""
        return self.since if datetime.combine(opened, time.min, UTC) < self.since else None


MEDIUM = Size(
    name="medium",
    since=datetime(2018, 7, 1, tzinfo=UTC),
    until=datetime(2026, 7, 8, tzinfo=UTC),
    clock=datetime(2026, 7, 9, 12, tzinfo=UTC),
    contributors=9_000,
    askers=11_000,
    bugs=64_000,
    questions=50_000,
    sessions=60_000,
    topics=1_600,
    events=2_000,
    reports=7_000,
)
MOZILLA = Size(
    name="mozilla",
    since=datetime(2006, 7, 1, tzinfo=UTC),
    until=datetime(2026, 7, 8, tzinfo=UTC),
    clock=datetime(2026, 7, 9, 12, tzinfo=UTC),
    contributors=125_000,
    askers=175_000,
    bugs=1_950_000,
    questions=1_500_000,
    sessions=1_800_000,
    topics=20_000,
    events=40_000,
    reports=150_000,
)
SIZES = {size.name: size for size in (MEDIUM, MOZILLA)}

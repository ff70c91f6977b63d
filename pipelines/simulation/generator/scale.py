"""How large a generated community is, for how long, and how lively: parameters only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.simulation.generator.chance import instant


@dataclass(frozen=True)
class Scale:
    """Size, span and rates of a community.

    since, until: first instant of activity and the end of it, UTC, half-open. clock: the servers' clock,
    later than `until`, so that every day is over. contributors, askers: people. Rates are means: questions
    and bugs a day, translations of an active day, events a month.
    """

    name: str
    since: datetime
    until: datetime
    clock: datetime
    contributors: int
    askers: int
    questions_per_day: float
    bugs_per_day: float
    translator_days: float
    strings_per_day: float
    events_per_month: float
    reports_per_month: float
    topics_per_month: float

    @property
    def start(self) -> int:
        return instant(self.since)

    @property
    def end(self) -> int:
        return instant(self.until)

    @property
    def now(self) -> int:
        return instant(self.clock)


SMALL = Scale(
    name="small",
    since=datetime(2024, 7, 1, tzinfo=UTC),
    until=datetime(2026, 7, 8, tzinfo=UTC),
    clock=datetime(2026, 7, 9, 12, tzinfo=UTC),
    contributors=340,
    askers=200,
    questions_per_day=4.0,
    bugs_per_day=1.2,
    translator_days=0.045,
    strings_per_day=0.5,
    events_per_month=4.0,
    reports_per_month=16.0,
    topics_per_month=7.0,
)
SCALES = {scale.name: scale for scale in (SMALL,)}

"""What all recorded sources share beside reading files: a part of a world, and stamps.

Not in here: how a file is opened and read (`sources/archive_files.py`), what a set means (the source's own
module) and anything that is served (`servers/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from pipelines.simulation.world import SetAside

PACIFIC = ZoneInfo("America/Los_Angeles")
ONE_DAY = timedelta(days=1)

Part = TypeVar("Part")


@dataclass(frozen=True)
class Reading(Generic[Part]):
    """One source's part of a world. since, now: as in `World`; now is None when there is no record."""

    part: Part
    set_aside: list[SetAside]
    since: datetime | None = None
    now: datetime | None = None


# --- Stamps ------------------------------------------------------------------------------------


def from_pacific(wall: datetime, fold: int = 1) -> datetime:
    """A US Pacific wall clock -> UTC. In the hour that comes twice, fold 1 is its second pass."""
    return wall.replace(tzinfo=PACIFIC, fold=fold).astimezone(UTC)


def utc(moment: datetime) -> str:
    """UTC, whole seconds, with `Z`: `2026-03-01T10:11:12Z`."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def midnight_after(moment: datetime) -> datetime:
    """The end of the UTC day of an instant."""
    return midnight(moment.astimezone(UTC).date() + ONE_DAY)

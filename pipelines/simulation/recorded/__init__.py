"""A world read from a directory of recorded files: real records, in the shape of each interface.

    bugzilla/  bmo_rest_bugs_*, buglist_export_*, firefox2013_bugs_*, bmo_rest_users*   -> `bugzilla`
    pontoon/   commits_*                                                                -> `pontoon`
    sumo/      firefox_questions_*, thunderbird_questions_*, thunderbird_answers_*      -> `sumo`
    reps/      reps_joined_*, events_*, activities_*                                    -> `reps`

Each module says what its sets become and what is set aside. Files are found by pattern, so that other
periods under other names are read alike; a missing set leaves its part of the world empty. Every file of a
source that is none of its sets is set aside whole, counted, with the reason in `NOT_READ`.

Not in here: how records are served (`servers/`), and any correction that is not one of reading (which zone
a stamp is in, which of two observations is later, which record a row belongs to). Nothing is invented:
what a set lacks is given as the interface gives it when it is empty.
"""

from __future__ import annotations

import csv
import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pipelines.simulation.recorded import bugzilla, pontoon, reps, sumo
from pipelines.simulation.recorded.files import Reading
from pipelines.simulation.world import SOURCES, SetAside, World
from pipelines.sources.archive_files import LONGEST_FIELD, NotAsRecorded, opened, reading

__all__ = ["NotAsRecorded", "read_world"]

SETS = {"bugzilla": bugzilla.SETS, "pontoon": pontoon.SETS, "sumo": sumo.SETS, "reps": reps.SETS}
NOT_READ = (
    ("*/live_api/*", "answers of a community invented to show the interface: no records of this one"),
    ("*/api_samples/*", "single answers kept as examples of the interface"),
    ("*/daily_sample_with_text/*", "the original form of days that the yearly tables hold"),
    ("*/code_commits/*", "commits to the sources' own programs: not an interface of this source"),
    ("bugzilla/firefox2013_version_info*", "releases of Firefox: not an interface of this source"),
    ("pontoon/sync_people_*", "derived from the commits of the same repository: a second view of them"),
    (
        "reps/reports_*",
        "the latest reports of each person, partly the same acts as the activities, no common key",
    ),
    ("reps/mozilla_clubs_*", "the sheet of another programme: not an interface of this source"),
    ("*", "of no set that is known"),
)
"""Pattern of a path -> why its records are not served; the first that fits."""


def read_world(directory: Path) -> World:
    """The recorded world of a directory.

    Raises ValueError, with one sentence, when the directory holds none of the sets or a file is not in the
    form that its set is known in.
    """
    if not any(
        path for patterns in SETS.values() for pattern in patterns for path in directory.glob(pattern)
    ):
        wanted = ", ".join(patterns[0] for patterns in SETS.values())
        raise ValueError(f"{directory}: no recorded data here; expected files like {wanted}")
    with _collecting_nothing():
        bugs = bugzilla.read(directory)
        translations = pontoon.read(directory)
        support = sumo.read(directory)
        mobilizing = reps.read(directory)
        readings: dict[str, Reading[Any]] = {
            "bugzilla": bugs,
            "pontoon": translations,
            "sumo": support,
            "reps": mobilizing,
        }
        now = {source: reading.now for source, reading in readings.items()}
        latest = max((moment for moment in now.values() if moment), default=None)
        if latest is None:
            raise ValueError(f"{directory}: the recorded sets here hold no record with a time")
        return World(
            name="recorded",
            since=dict.fromkeys(SOURCES) | {source: reading.since for source, reading in readings.items()},
            now={source: now.get(source) or latest for source in SOURCES},
            bugzilla=bugs.part,
            pontoon=translations.part,
            sumo=support.part,
            reps=mobilizing.part,
            set_aside=[
                *(one for reading in readings.values() for one in reading.set_aside),
                *(one for source in readings for one in not_read(directory, source)),
            ],
        )


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """No search for cycles meanwhile: it would look through a million records again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def not_read(directory: Path, source: str) -> list[SetAside]:
    """The files of a source that are none of its sets: one entry a file, or a folder of files.

    `records` are the rows of a table, the lines of a JSON-lines file, else the files.
    """
    claimed = {path for pattern in SETS[source] for path in directory.glob(pattern)}
    counted: Counter[tuple[str, str]] = Counter()
    for path in sorted((directory / source).rglob("*")):
        if not path.is_file() or path in claimed or path.suffix == ".md":
            continue
        inside = path.relative_to(directory)
        reason = next(why for pattern, why in NOT_READ if fnmatch(inside.as_posix(), pattern))
        input_set = inside.parts[1] if len(inside.parts) > 2 else inside.name
        counted[input_set, reason] += records_in(path)
    return [SetAside(source, input_set, reason, records) for (input_set, reason), records in counted.items()]


def records_in(path: Path) -> int:
    """How many records a file holds that is not read: rows below a header, lines, else one."""
    kinds = path.suffixes
    with reading(path):
        if ".csv" in kinds:
            csv.field_size_limit(LONGEST_FIELD)
            with opened(path) as lines:
                return max(0, sum(1 for _ in csv.reader(lines)) - 1)
        if ".jsonl" in kinds:
            with opened(path) as lines:
                return sum(1 for _ in lines)
    return 1

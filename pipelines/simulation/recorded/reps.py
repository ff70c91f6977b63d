"""Mozilla Reps from the recorded archive of the portal: the same files that a live run may read.

What each file becomes, and what is set aside of it, `sources/reps_archive.py` says.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.simulation.recorded.files import Reading
from pipelines.simulation.world import RepsWorld, SetAside
from pipelines.sources import reps_archive

SETS = tuple(f"reps/{pattern}" for pattern in reps_archive.FILES)


def read(directory: Path) -> Reading[RepsWorld]:
    """The Reps' part of a recorded directory. Raises ValueError for a file not in its set's form."""
    portal = reps_archive.read(directory / "reps")
    aside = [SetAside("reps", name, why, n) for (name, why), n in sorted(portal.aside.items()) if n]
    return Reading(RepsWorld(portal.people, portal.events, portal.activities), aside, None, portal.now)

"""What must hold before a batch is written to the lake: one gate a stream, found by (source, stream)."""

from expectations.gate import Gate
from expectations.landing import bugzilla, curated, discourse, pontoon, reps, sumo, survey

LANDING: dict[tuple[str, str], Gate] = {
    (value.asset[0], value.asset[1]): value
    for module in (bugzilla, pontoon, sumo, reps, discourse, curated, survey)
    for value in vars(module).values()
    if isinstance(value, Gate)
}
"""Every landing gate. Add one: a `Gate` in its source's file, and a new source's file in the line above."""

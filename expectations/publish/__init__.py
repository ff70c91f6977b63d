"""What must hold before a version is shown.

A gate for each table, and for all columns, identities, lines, populations, sums across tables, texts and
versions.
"""

from expectations.gate import Gate
from expectations.publish import (
    across,
    columns,
    identities,
    lines,
    metric,
    metric_value,
    populations,
    region,
    release,
    source_state,
    texts,
    topic_area,
    versions,
)

_MODULES = (
    across,
    columns,
    identities,
    lines,
    metric,
    metric_value,
    populations,
    region,
    release,
    source_state,
    texts,
    topic_area,
    versions,
)

PUBLISH: dict[str, Gate] = {module.GATE.asset[0]: module.GATE for module in _MODULES}
"""Every publish gate. Add one: its module here."""

FRAMES: dict[str, str] = {module.GATE.asset[0]: module.FRAME for module in _MODULES}
"""The query that makes each gate's frame of a candidate file, with `cells`, its values, `former`, those of
the survey before, and `identities`."""

"""What must hold before a version is shown.

A gate for each table, and for all columns, identities, lines, populations and texts.
"""

from expectations.gate import Gate
from expectations.publish import (
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
)

_MODULES = (
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
)

PUBLISH: dict[str, Gate] = {module.GATE.asset[0]: module.GATE for module in _MODULES}
"""Every publish gate. Add one: its module here."""

FRAMES: dict[str, str] = {module.GATE.asset[0]: module.FRAME for module in _MODULES}
"""The query that makes each gate's frame of a candidate file, `cells` for the values, and `identities`."""

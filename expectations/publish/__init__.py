"""What must hold before a table is shown: one gate a published table, and one for the file as a whole."""

from expectations.gate import Gate
from expectations.publish import columns, metric, metric_value, region, release, source_state, topic_area

_MODULES = (columns, metric, metric_value, region, release, source_state, topic_area)

PUBLISH: dict[str, Gate] = {module.GATE.asset[0]: module.GATE for module in _MODULES}
"""Every publish gate. Add one: its module here."""

FRAMES: dict[str, str] = {module.GATE.asset[0]: module.FRAME for module in _MODULES}
"""The query that makes each gate's frame out of a candidate file (and `cells`, for the values)."""

"""What must hold before the topic areas are shown; that each is whole, dbt says."""

from expectations.gate import Gate
from expectations.publish.common import rows_exist, true

FRAME = """
    select topic_area, topic_area.position is not null as is_known
    from topic_area full outer join metric using (topic_area)
"""

GATE = Gate(
    asset=("topic_area",),
    expectations=(
        rows_exist("pages follow the topic areas"),
        true("is_known", "a metric belongs to a topic area of the strategy"),
    ),
)

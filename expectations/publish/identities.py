"""What must hold of persons before any number about them is shown: they are, by and large, who they were.

Judged on how many are drawn together otherwise than was published or acknowledged last
(`pipelines/acknowledgement.py`).
"""

from expectations.gate import Gate
from expectations.publish.common import at_most, rows_exist

FRAME = "select * from identities"
"""`identities`: one row, the share of changed persons and the largest that needs no acknowledgement."""

GATE = Gate(
    asset=("identities",),
    expectations=(
        rows_exist("whether persons changed is known"),
        at_most("changed_share", "limit", "who is one person changes little, or somebody acknowledged it"),
    ),
)

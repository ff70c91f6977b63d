"""What must hold of the texts that values are sliced by, and of their flags: nobody is named in one."""

from expectations.gate import Gate
from expectations.publish.common import impersonal, rows_exist
from pipelines.metric_shape import DIMENSIONS

FRAME = f"""
    select distinct unnest([{", ".join(("metric", "grain", "flags", *DIMENSIONS))}]::varchar[]) as text
    from cells
"""
"""Each text once: the values of a large community repeat few of them."""

GATE = Gate(
    asset=("texts",),
    expectations=(
        rows_exist("values have texts"),
        impersonal("text"),
    ),
)

"""What must hold before the declarations of metrics are shown; that they are complete, dbt says."""

from expectations.gate import Gate
from expectations.publish.common import impersonal, rows_exist, within

FRAME = """
    select
        metric,
        version,
        (select count(*) from metric_value as shown where shown.metric = metric.metric) as rows_published,
        concat_ws(' ', title, question, definition, reference, persons, notes) as texts
    from metric
"""

GATE = Gate(
    asset=("metric",),
    expectations=(
        rows_exist("a publication declares its metrics"),
        within("version", 1, None, "versions count from 1"),
        within("rows_published", 1, None, "every declared metric has rows, be they `unavailable`"),
        impersonal("texts"),
    ),
)

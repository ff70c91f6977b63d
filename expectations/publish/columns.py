"""What must hold of the file as a whole: no table and no column that could be about one person."""

from expectations.gate import Gate, expect

FRAME = """
    select table_name, column_name, table_name || '.' || column_name as qualified, data_type
    from information_schema.columns
    where table_catalog = current_database() and table_schema = 'main'
"""

PERSON_LIKE = (
    r"(?:^|_)(?:account|actor|assignee|author|contributor|creator|e?mail|handle|login|nick|person|pseudonym"
    r"|reporter|smallest_group|translator|user|username|who)(?:_id|_hash|_name)?$"
)

GATE = Gate(
    asset=("columns",),
    expectations=(
        expect(
            "ExpectColumnValuesToNotMatchPattern",
            column="column_name",
            regex=PERSON_LIKE,
            notes="no column about one person, nor the group sizes that suppression used",
        ),
        expect(
            "ExpectColumnValuesToBeInSet",
            column="table_name",
            value_set=["metric", "metric_value", "region", "release", "source_state", "topic_area"],
            notes="these tables are published and no others",
        ),
        expect(
            "ExpectColumnValuesToBeInSet",
            column="data_type",
            value_set=["BIGINT", "DATE", "DOUBLE", "INTEGER", "TIMESTAMP", "VARCHAR"],
            notes="plain values only: a list or a struct can hold what no rule sees",
        ),
    ),
)

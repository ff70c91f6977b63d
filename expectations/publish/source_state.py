"""What must hold before the state of the sources is shown: all are there, the stopped with a reason."""

from expectations.gate import Gate, expect
from expectations.publish.common import filled, impersonal, unique, within
from pipelines.sources import SYSTEMS

FRAME = """
    select *, source || '/' || stream as source_stream, concat_ws(' ', title, stream, about, reason) as texts
    from source_state
"""

GATE = Gate(
    asset=("source_state",),
    expectations=(
        unique("source", "stream", notes="one row a stream"),
        expect(
            "ExpectColumnDistinctValuesToContainSet",
            column="source_stream",
            value_set=sorted(
                f"{source.name}/{stream.name}" for source in SYSTEMS.values() for stream in source.streams
            ),
            notes="every stream of every system is there, landed or not",
        ),
        expect(
            "ExpectColumnValuesToBeInSet",
            column="verdict",
            value_set=["accepted", "refused", "never"],
            notes="a stream was accepted, refused, or never read",
        ),
        filled("reason", "a refused stream says why", verdict="refused"),
        within("records", 0, None, "a stream has no fewer than zero records"),
        impersonal("texts"),
    ),
)

"""What must hold before a release is shown: one row that says what this file is and for whom."""

from expectations.gate import Gate, expect
from expectations.publish.common import filled, within

FRAME = "select * from release"

GATE = Gate(
    asset=("release",),
    expectations=(
        expect("ExpectTableRowCountToBeBetween", min_value=1, max_value=1, notes="a file is one release"),
        expect(
            "ExpectColumnValuesToBeInSet",
            column="audience",
            value_set=["internal", "public"],
            notes="a file is for one of the two audiences",
        ),
        within("k", 5, None, "nobody sees groups of fewer than 5"),
        within("k", 10, None, "the public sees no groups of fewer than 10", where={"audience": "public"}),
        filled("version", "a release has a version"),
        filled("as_of", "a release says for which moment it is"),
        filled("code_revision", "a release says which code made it"),
        filled("input_snapshot", "a release says of which inputs it was made"),
        filled("identity_snapshot", "a release says which identities it counted"),
    ),
)

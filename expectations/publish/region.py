"""What must hold before the names of regions and countries are shown."""

from expectations.gate import Gate, expect
from expectations.publish.common import filled, unique

FRAME = "select * from region"

GATE = Gate(
    asset=("region",),
    expectations=(
        unique("kind", "code", notes="one name a region, one a country"),
        filled("name", "every place has a name"),
        filled("region_scheme", "regions are those of a versioned scheme"),
        expect(
            "ExpectColumnValuesToBeInSet",
            column="kind",
            value_set=["region", "country"],
            notes="a place is a region or a country",
        ),
        expect(
            "ExpectColumnDistinctValuesToContainSet",
            column="code",
            value_set=["unknown"],
            notes="people without a declared country are a row of their own",
        ),
    ),
)

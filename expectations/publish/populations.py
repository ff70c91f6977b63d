"""What must hold between the rows of one population and of another one inside it, everything else the same.

Judged after disclosure control: who is in the one alone is known by subtraction.
"""

from expectations.gate import Gate
from expectations.publish.common import at_most
from pipelines.disclosure import NESTED
from pipelines.metric_shape import DIMENSIONS, KEYS

SAME = " and ".join(
    f"whole.{name} is not distinct from part.{name}"
    for name in (*KEYS, *DIMENSIONS)
    if name not in ("metric", "population")
)


def _between(whole: str, part: str) -> str:
    return f"""
        select
            whole.metric,
            '{whole} without {part}' as who,
            nullif(greatest(whole.persons - part.persons, 0), 0) as persons,
            case
                when whole.denominator = whole.persons
                    then nullif(greatest(whole.numerator - part.numerator, 0), 0)
            end as counted,
            release.k
        from cells as whole
        inner join cells as part on whole.metric = part.metric and {SAME}
        cross join release
        where whole.population = '{whole}' and part.population = '{part}'
            and whole.status <> 'suppressed' and part.status <> 'suppressed'
    """


FRAME = " union all ".join(_between(whole, part) for whole, part, _ in NESTED)

GATE = Gate(
    asset=("populations",),
    expectations=(
        at_most("k", "persons", "no difference of two populations tells of fewer than k persons"),
        at_most("k", "counted", "no difference of two numerators tells of fewer than k persons"),
    ),
)

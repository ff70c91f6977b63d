"""What must hold between the rows of one population and of another one inside it, everything else the same.

Judged after disclosure control: who is in the one alone is known by subtraction.
"""

from expectations.gate import Gate
from expectations.publish.common import FIGURES, at_most, true
from pipelines.disclosure import NESTED
from pipelines.metric_shape import DIMENSIONS, KEYS

SAME = " and ".join(
    f"whole.{name} is not distinct from part.{name}"
    for name in (*KEYS, *DIMENSIONS)
    if name not in ("metric", "population")
)

APART = {name: f"round(abs({sql.format('whole')} - {sql.format('part')}))" for name, sql in FIGURES.items()}


def _between(whole: str, part: str) -> str:
    differences = ", ".join(f"nullif({sql}, 0) as {name}" for name, sql in APART.items())
    return f"""
        select
            whole.metric,
            '{whole} without {part}' as who,
            {differences},
            whole.persons <> part.persons or coalesce(greatest({", ".join(APART.values())}), 0) = 0
                as is_somebody_apart,
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
        *(
            at_most("k", name, f"no difference of two populations in {name} tells of fewer than k persons")
            for name in FIGURES
        ),
        true("is_somebody_apart", "acts beside the same persons tell of the few who are in both populations"),
    ),
)

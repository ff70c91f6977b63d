"""What must hold between a table and those that add up to it: active people are new or have returned.

Judged after disclosure control, over the sums that the catalogue names (section 12): who is in no shown row
of theirs is known by subtraction. Sums within a table are asked in `lines`.
"""

from collections.abc import Iterable

from expectations.gate import Gate
from expectations.publish.common import at_most
from expectations.publish.lines import ROUNDED_BY
from pipelines.metric_shape import DIMENSIONS
from pipelines.quantities import ACROSS, Sum, Table


def _is_of(row: str, table: Table) -> str:
    """SQL: whether a row of `cells` is of a table."""
    named = {
        "level": f"in ({_texts(table.levels)})" if table.levels else "is null",
        "category": f"= '{table.category}'" if table.category else "is null",
        "region": "is not null" if table.by_region else "is null",
    }
    others = {name: "is null" for name in DIMENSIONS if name not in ("area", "population", *named)}
    rules = (f"{row}.{name} {rule}" for name, rule in (named | others).items())
    return f"({row}.metric = '{table.metric}' and {row}.grain = '{table.grain}' and {' and '.join(rules)})"


def _texts(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _across(one: Sum) -> str:
    """One row a month, area and population in which a part is hidden, and the whole is not."""
    metrics = [part.metric for part in one.parts]
    return f"""
        select
            whole.period_end,
            '{one.whole.metric} less {" and ".join(metrics)}' as who,
            nullif(greatest(round(any_value(whole.persons) - coalesce(sum(part.persons), 0)), 0), 0)
            + {ROUNDED_BY} * count(part.persons) * any_value((release.audience = 'public')::int) as people,
            any_value(release.k) as k
        from cells as whole
        inner join cells as part
            on
                whole.period_end = part.period_end
                and whole.area is not distinct from part.area
                and whole.population is not distinct from part.population
        cross join release
        where
            {_is_of("whole", one.whole)} and whole.persons is not null
            and ({" or ".join(_is_of("part", part) for part in one.parts)})
            {"and whole.population = 'all'" if one.of_all else ""}
        group by whole.period_end, whole.area, whole.population
        having
            count(*) filter (part.status = 'suppressed') > 0
            and count(*) filter (part.persons is null and part.status <> 'suppressed') = 0
            and count(distinct part.metric) = {len(metrics)}
    """


FRAME = " union all ".join(map(_across, ACROSS))

GATE = Gate(
    asset=("across",),
    expectations=(
        at_most("k", "people", "no table less those that add up to it tells of fewer than k persons"),
    ),
)

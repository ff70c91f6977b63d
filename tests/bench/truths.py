"""Whether the warehouse finds what was planted in a large community, over many seeds.

For each seed a community of scale `medium` is written to a lake, its accounts are compared, and the models
that tell who is one person, who keeps coming and who is new are built. Then: pairs of accounts found, members
of the persona found, and verdicts on regions, "evident" or "no evident difference", held against what is
true.

    retention   of any two regions: is the share of newcomers that stays different?
    newcomers   of each region: did its share of all newcomers change when it was planted to, or not?

Both judge as `parity_gap` does: Newcombe's interval leaves out 0, and Benjamini-Hochberg at 5 % among all of
the seed. `MDM_SEEDS` says how many seeds (20).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from pipelines import identity, run, settings, status, warehouse
from pipelines.lake import Lake
from pipelines.simulation.generator.bulk.size import MEDIUM
from pipelines.sources import SOURCES
from tests.bench.identity import Score, scores_of, true_persons_of
from tests.whole.verdicts import evident_gaps, retention_gaps

BUILD = (
    *warehouse.BUILD, "--exclude-resource-type", "test",
    "--select", "+met_regional_retention_180d", "+fct_newcomer", "+fct_identity_year", "+dim_account",
)  # fmt: skip
"""Models alone: whether their data are right is what this part asks."""

BOTH_SIDES = timedelta(days=540)
"""How long before and after the day from which regions change newcomers are counted."""


@dataclass
class Found:
    """One seed. persona: with probable links; verdicts: kind -> (true, called evident) of each case."""

    confirmed: Score
    probable: Score
    persona: Score
    verdicts: dict[str, list[tuple[bool, bool]]] = field(default_factory=dict)
    seconds: float = 0.0


def told(data: Path) -> Found:
    """What the warehouse of this folder says, beside the truth of the same folder."""
    accounts = pq.read_table(data / "truth" / "accounts.parquet")
    persons = true_persons_of(accounts, settings.hash_key(data))
    found = scores_of(data, persons)
    return Found(
        found["confirmed"],
        found["probable"],
        persona(data, persons),
        {"retention": list(of_retention(data)), "newcomers": list(of_newcomers(data))},
    )


def persona(data: Path, persons: dict[str, str]) -> Score:
    """Members of the persona at the end of the last month: found, planted, and both.

    Found and meeting the rule by the truth is right, planted or not; a planted near miss is not.
    """
    true = pq.read_table(data / "truth" / "persona.parquet").to_pylist()
    members = {str(row["person"]) for row in true if row["meets_rule"]}
    planted = {str(row["person"]) for row in true if row["planted"] == "member"}
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            """
            select distinct accounts.account_key
            from marts.fct_identity_year as years
            inner join intermediate.int_identity__accounts as accounts
                on years.person_id = accounts.probable_person_id
            where years.population = 'community' and years.identity_level = 'probable'
                and years.active_months >= 6 and years.active_days >= 24 and years.areas >= 2
                and years.period_end = (select max(period_end) from marts.fct_identity_year)
            """
        ).fetchall()
    found = {persons[key] for (key,) in rows if key in persons}
    right = len(found & planted)
    return Score(right + len(found - members), len(planted), right)


def of_retention(data: Path) -> Iterator[tuple[bool, bool]]:
    rows = pq.read_table(data / "truth" / "retention_gaps.parquet").to_pylist()
    real = {(row["region_1"], row["region_2"]): row["is_real"] for row in rows}
    verdicts = retention_gaps(data / "warehouse.duckdb", list(real))
    for pair, is_real in real.items():
        yield is_real, verdicts[pair].is_evident


def of_newcomers(data: Path) -> Iterator[tuple[bool, bool]]:
    rows = pq.read_table(data / "truth" / "regions.parquet").to_pylist()
    turn = rows[0]["changes_from"].date()
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        counted = connection.execute(
            """
            select region, count(*) filter (where first_on < $turn), count(*) filter (where first_on >= $turn)
            from marts.fct_newcomer
            where identity_level = 'confirmed' and region <> 'unknown'
                and first_on >= $turn - $side::interval and first_on < $turn + $side::interval
            group by region
            """,
            {"turn": turn, "side": f"{BOTH_SIDES.days} days"},
        ).fetchall()
    before, after = (sum(row[n] for row in counted) for n in (1, 2))
    cells = {region: (there, before, now, after) for region, there, now in counted}
    sides = [cells.get(row["region"], (0, before, 0, after)) for row in rows]
    for row, is_evident in zip(rows, evident_gaps(sides), strict=True):
        yield row["change"] != "none", is_evident


def of_seed(seed: int) -> Found:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        subprocess.run(
            [sys.executable, "-m", "tests.bench.scale", MEDIUM.name, str(data), str(seed)],
            stdout=subprocess.DEVNULL, cwd=settings.ROOT, check=True,
        )  # fmt: skip
        identity.link(data, settings.hash_key(data), run.vault_of(data))
        as_of = run.world_of(data).as_of()
        status.export(Lake(data), SOURCES.values(), run_id=run.new_run_id(), as_of=as_of)
        warehouse.dbt(data, *BUILD)
        found = told(data)
    found.seconds = time.monotonic() - began
    return found


def show(seeds: Sequence[Found]) -> None:
    table = Table(title=f"what was planted at {MEDIUM.name}, and what was found", title_justify="left")
    for name in ("seed", "confirmed", "probable", "persona", "retention", "newcomers", "seconds"):
        table.add_column(name, justify="right")
    for seed, found in enumerate(seeds, 1):
        table.add_row(
            str(seed),
            *(f"{one.precision:.4f} / {one.recall:.3f}"
              for one in (found.confirmed, found.probable, found.persona)),
            *(f"{sum(real == called for real, called in cases)} of {len(cases)}"
              for cases in found.verdicts.values()),
            f"{found.seconds:.0f}",
        )  # fmt: skip
    console = Console()
    console.print(table, "precision / recall; verdicts that are right", sep="\n")
    for kind in seeds[0].verdicts:
        cases = [case for found in seeds for case in found.verdicts[kind]]
        for real, name in ((True, "planted differences called evident"), (False, "their absence not")):
            called = [said for is_real, said in cases if is_real == real]
            right = sum(said == real for said in called)
            console.print(f"{kind}, {name}: {right} of {len(called)} = {right / len(called):.1%}")


def main() -> None:
    show([of_seed(seed) for seed in range(1, int(os.environ.get("MDM_SEEDS", "20")) + 1)])

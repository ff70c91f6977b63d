"""Whether the warehouse finds what was planted in a large community, over many seeds.

For each seed a community of scale `medium` is written to a lake, its accounts are compared, and the models
that tell who is one person, who keeps coming and who is new are built. Then: pairs of accounts found, members
of the persona found, and verdicts on regions, "evident" or "no evident difference", held against what is
true.

    retention   of each region: is the share of newcomers that stays different from everybody else's?
    newcomers   of each region: did its share of all newcomers change when it was planted to, or not?
    pairs       of any two regions, beside these: is the share that stays different?

All judge as `parity_gap` does: Newcombe's interval leaves out 0, and Benjamini-Hochberg at 5 % among all of
the seed. That metric compares a group with everybody else, as the first does; two regions that few people
declare cannot be told apart by anybody, so `pairs` says how far the numbers reach and is no promise.

Of the weights that links are scored with, all right and wrong pairs at each level are counted. `MDM_SEEDS`
says how many seeds (20).
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from pipelines import identity, run, settings, status, warehouse
from pipelines.lake import Lake
from pipelines.simulation.generator.bulk.size import MEDIUM
from pipelines.sources import SOURCES
from tests.bench.identity import Score, scores_of, true_persons_of
from tests.whole.verdicts import differ_from_each_other, differ_from_the_rest, evident_gaps, retention

BUILD = (
    *warehouse.BUILD, "--exclude-resource-type", "test",
    "--select", "+met_regional_retention_180d", "+fct_newcomer", "+fct_identity_year", "+dim_account",
)  # fmt: skip
"""Models alone: whether their data are right is what this part asks."""

BOTH_SIDES = timedelta(days=540)
"""How long before and after the day from which regions change newcomers are counted."""


@dataclass
class Found:
    """One seed. persona: with probable links; verdicts: kind -> (true, called evident) of each case; levels:
    what a pair has in common -> (wrong, right) pairs of which that is known."""

    confirmed: Score
    probable: Score
    persona: Score
    verdicts: dict[str, list[tuple[bool, bool]]] = field(default_factory=dict)
    levels: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
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
        of_retention(data) | {"newcomers": list(of_newcomers(data))},
        levels(data, persons),
    )


def persona(data: Path, persons: dict[str, str]) -> Score:
    """Members of the persona at the end of the last month: found, planted, and both.

    Found and meeting the rule by the truth is right, planted or not; a planted near miss is not.
    """
    true = _truth(data, "persona")
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


def levels(data: Path, persons: Mapping[str, str]) -> dict[tuple[str, ...], tuple[int, int]]:
    """What speaks for and against the pairs worth a look -> how many of them are wrong, and right."""
    known = pq.read_table(identity.links_path(data)).to_pylist()
    pairs = [(row["account_key_1"], row["account_key_2"]) for row in known]
    pairs = [pair for pair in pairs if pair[0] in persons and pair[1] in persons]
    told = identity.explain(pairs, identity.evidence(data, run.vault_of(data)), settings.hash_key(data))
    counted: dict[tuple[str, ...], tuple[int, int]] = {}
    for (one, other), findings in zip(pairs, told, strict=True):
        meaning = tuple(name for name, _ in findings)
        is_right = persons[one] == persons[other]
        wrong, right = counted.get(meaning, (0, 0))
        counted[meaning] = (wrong + (not is_right), right + is_right)
    return counted


def of_retention(data: Path) -> dict[str, list[tuple[bool, bool]]]:
    counts = retention(data / "warehouse.duckdb")
    stay = {row["region"]: row["newcomers_who_stay"] for row in _truth(data, "regions")}
    usual = statistics.mode(stay.values())
    called = differ_from_the_rest(counts, list(stay))
    real = {(row["region_1"], row["region_2"]): row["is_real"] for row in _truth(data, "retention_gaps")}
    apart = differ_from_each_other(counts, list(real))
    return {
        "retention": [(share != usual, called[region]) for region, share in stay.items()],
        "pairs": [(is_real, apart[pair]) for pair, is_real in real.items()],
    }


def _truth(data: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(data / "truth" / f"{name}.parquet").to_pylist()


def of_newcomers(data: Path) -> Iterator[tuple[bool, bool]]:
    rows = _truth(data, "regions")
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
    for name in ("seed", "confirmed", "probable", "persona", *seeds[0].verdicts, "seconds"):
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
    console = Console(width=120)
    console.print(table, "precision / recall; verdicts that are right", sep="\n")
    every = {kind: [case for one in seeds for case in one.verdicts[kind]] for kind in seeds[0].verdicts}
    for kind, cases in every.items():
        for real, name in ((True, "planted differences called evident"), (False, "their absence not")):
            console.print(f"{kind}, {name}: {_right([case for case in cases if case[0] == real])}")
    console.print(f"regions called right, each by itself: {_right(every['retention'] + every['newcomers'])}")
    show_levels(seeds, console)


def _right(cases: Sequence[tuple[bool, bool]]) -> str:
    right = sum(said == real for real, said in cases)
    return f"{right} of {len(cases)} = {right / len(cases):.1%}"


def show_levels(seeds: Sequence[Found], console: Console) -> None:
    """The forty most frequent findings on pairs, with their odds as the weights have them and as counted."""
    counted: Counter[tuple[str, ...]] = Counter()
    right: Counter[tuple[str, ...]] = Counter()
    for meaning, (wrong_pairs, right_pairs) in (item for one in seeds for item in one.levels.items()):
        counted[meaning] += wrong_pairs + right_pairs
        right[meaning] += right_pairs
    weights = {meaning: weight for levels in identity.WEIGHTS.values() for meaning, _, weight in levels}
    table = Table(title="pairs by what is known of them", title_justify="left")
    for name in ("pairs", "right", "score"):
        table.add_column(name, justify="right")
    table.add_column("what is known")
    for meaning, pairs in counted.most_common(40):
        odds = identity.PRIOR / (1 - identity.PRIOR) * math.prod(weights[one] for one in meaning)
        share = right[meaning] / pairs
        table.add_row(str(pairs), f"{share:.3f}", f"{odds / (1 + odds):.3f}", ", ".join(meaning))
    console.print(table)


def main() -> None:
    show([of_seed(seed) for seed in range(1, int(os.environ.get("MDM_SEEDS", "20")) + 1)])

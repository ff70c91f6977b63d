"""How well accounts are brought together, against the planted truth of a generated community.

Counted over pairs of accounts that the warehouse knows: a pair is true when one person has both.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines import settings
from pipelines.privacy import pseudonym
from pipelines.simulation.generator import Truth

Pairs = set[tuple[str, str]]


@dataclass(frozen=True)
class Score:
    """Pairs found, pairs that are true, and those that are both."""

    found: int
    true: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0


def pairs_of(groups: Iterable[tuple[str, str]]) -> Pairs:
    """(account, whose) -> all pairs of accounts that are one's."""
    members: dict[str, list[str]] = defaultdict(list)
    for account, whose in groups:
        members[whose].append(account)
    return {pair for accounts in members.values() for pair in itertools.combinations(sorted(accounts), 2)}


def true_persons_of(accounts: pa.Table, key: bytes) -> dict[str, str]:
    """Account key of the warehouse (by number and by log-in) -> person, from the truth's accounts."""
    found = {}
    for row in accounts.to_pylist():
        if row["person"] is None:
            continue
        kinds = {"id": str(row["native_id"]), "login": row["username"], "username": row["username"]}
        for kind, value in kinds.items():
            found[f"{row['source']}:{pseudonym(key, row['source'], kind, value)}"] = str(row["person"])
    return found


def scores(data: Path, truth: Truth) -> dict[str, Score]:
    """`confirmed` links alone, and `probable` ones on top."""
    return scores_of(data, true_persons_of(truth.accounts, settings.hash_key(data)))


def scores_of(data: Path, persons: Mapping[str, str]) -> dict[str, Score]:
    """The same, from account key -> person."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.execute(
            "select account_key, person_id, probable_person_id"
            " from intermediate.int_identity__accounts where not is_bot"
        ).fetchall()
    known = [row for row in rows if row[0] in persons]
    true = pairs_of((account, persons[account]) for account, _, _ in known)
    by = {
        "confirmed": pairs_of((account, person) for account, person, _ in known),
        "probable": pairs_of((account, person) for account, _, person in known),
    }
    return {name: Score(len(found), len(true), len(found & true)) for name, found in by.items()}

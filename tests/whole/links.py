"""Whose an account is where probable links hold, as the warehouse says: what is not recomputed.

In here: from an account as `recompute` names it to its person. Not in here: whether the links are right
(`test_identity_truth.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines import settings
from pipelines.privacy import pseudonymiser

KINDS = ("id", "login", "username")


def joined(data: Path) -> Callable[[str], str]:
    """`source:number or name` -> person by probable links; an account that the warehouse does not know
    is its own."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.sql(
            "select account_key, probable_person_id from intermediate.int_identity__accounts"
        )
        persons = dict(rows.fetchall())
    key = settings.hash_key(data)
    known: dict[str, str] = {}

    def of(account: str) -> str:
        if account not in known:
            source, _, name = account.partition(":")
            hidden = pseudonymiser(key, source)
            keys = (f"{source}:{hidden(kind, name)}" for kind in KINDS)
            known[account] = next((persons[key] for key in keys if key in persons), account)
        return known[account]

    return of

"""Whether persons are seen so differently that somebody must say so before the next publication.

    accepted persons, warehouse -> `changed`      how many are drawn together otherwise now
    a person                    -> `acknowledge`  keeps why that is right, and accepts it

Compared is with what was published or acknowledged last, not with the day before: a change that was refused
yesterday is refused today, and one that was undone is none. Not in here: what must hold
(`expectations/publish/identities.py`), the metric of it (`met_identity_volatility.sql`), who is one person
(`identity.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from pipelines import identity, records

METRIC, LIMIT = "identity_volatility", "identity_volatility_limit"

COUNTED = f"""
    with moves as (
        select distinct old.person_id as person_before, new.person_id as person_after
        from read_parquet($accepted) as old
        inner join ({identity.PERSONS_NOW}) as new using (account_key)
    ),

    judged as (
        select
            person_before,
            count(*) over (partition by person_before) > 1 as is_split,
            count(*) over (partition by person_after) > 1 as is_merged
        from moves
    ),

    persons as (
        select bool_or(is_split) as is_split, bool_or(is_merged) as is_merged
        from judged
        group by person_before
    )

    select
        (select any_value(snapshot_on) from read_parquet($accepted)),
        count(*),
        count(*) filter (where is_split or is_merged),
        count(*) filter (where is_merged),
        count(*) filter (where is_split)
    from persons
"""
"""The metric's own count, of the accepted persons and those of the warehouse; a test holds both together."""


class NotAcknowledged(Exception):
    """Nothing needs it, or it is of another change than was named: one sentence."""


@dataclass(frozen=True)
class Changed:
    """What became of the persons of a day (since; None: none were ever accepted), by the accounts of both.

    merged: in one person with others now; split: in several persons now; a person may undergo both.
    limit: the share of changed persons above which nothing is published.
    """

    since: date | None
    persons: int
    changed: int
    merged: int
    split: int
    limit: float

    @property
    def share(self) -> float:
        return self.changed / self.persons if self.persons else 0.0

    @property
    def blocks(self) -> bool:
        return self.share > self.limit

    def counted(self) -> str:
        return (
            f"{self.changed:,} of {self.persons:,} persons are drawn together otherwise than on {self.since} "
            f"({self.merged:,} merged, {self.split:,} split)"
        )

    def sentence(self) -> str:
        """What changed, why that stops the publication, and both ways on."""
        return (
            f"{self.counted()}, as published or acknowledged last: more than {self.limit * 100:g} %, so that "
            "numbers would change although nobody did anything. If it is wrong, undo the decisions in "
            "identity.csv that did it (newest last) and run again; if it is right: mdm identity acknowledge "
            f"{self.changed} --reason '...', then mdm publish"
        )


def changed(data: Path) -> Changed:
    """How the warehouse's persons differ from those accepted last; in nothing before the first time.

    Raises duckdb.Error where the warehouse cannot be read.
    """
    path = identity.accepted_path(data)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as warehouse:
        declared = warehouse.execute("select parameters from metrics.metric where metric = ?", [METRIC])
        (parameters,) = declared.fetchone() or ("{}",)
        limit = float(json.loads(parameters).get(LIMIT, 0))
        if not path.exists():
            return Changed(None, 0, 0, 0, 0, limit)
        row = warehouse.execute(COUNTED, {"accepted": str(path)}).fetchone()
    assert row is not None
    since, persons, changed_, merged, split = row
    return Changed(since, persons, changed_, merged, split, limit)


def acknowledge(data: Path, persons: int, reason: str, at: datetime) -> Changed:
    """Keep that a person said why so many persons changed, and accept who is one person now.

    persons: how many changed, as the refusal told: what grew meanwhile is not acknowledged with it. at: with
    zone. Raises NotAcknowledged. What changes after it is compared with what is accepted here.
    """
    found = changed(data)
    if not found.blocks:
        raise NotAcknowledged(
            f"Nothing needs to be acknowledged: {found.changed:,} of {found.persons:,} persons changed."
        )
    if found.changed != persons:
        raise NotAcknowledged(f"By now it is another change: {found.sentence()}")
    records.note_acknowledgement(data / "raw" / "_pipeline", at, reason, found)
    identity.accept(data)
    return found

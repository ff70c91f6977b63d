"""What is true in a generated world: noted by the generator as it makes each act.

Written by the rules of catalogue 0.2, without reading a record back: so that numbers computed from the
records can be scored against it. Instants are UTC. Tables (columns in `SCHEMAS`):

    people         who there is; `country` is where a person lives, declared or not
    accounts       a person's accounts; bots have no person; `declared_country` is what the source shows
    contributions  deliberate acts that count, up to the source's clock; `object` is the source's number
                   (bug, answer, translation, revision, event, report); day-only facts are at 00:00
    questions      support questions; `first_response_at`: the first answer that is no spam and whose
                   author the source shows and is not the asker
    reviews        explicit reviews; `by_other` is null when the translation is older than the world
    affiliations   a person's terms as volunteer, vendor or staff, [valid_from, valid_to)
    roles          who leads what; recognitions: who was thanked by name
    goals          the status of each goal at the end of the last month that is over
    demographics   what is true of everybody who was ever invited to the survey, whether they told it or not
    responses      a wave's invitations: who got one, who answered, who answered to the end
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_INSTANT = pa.timestamp("us", tz="UTC")

SCHEMAS: dict[str, pa.Schema] = {
    "people": pa.schema(
        {
            "person": pa.int64(),
            "kind": pa.string(),
            "country": pa.string(),
            "affiliation": pa.string(),
            "joined": _INSTANT,
            "left": _INSTANT,
        }
    ),
    "accounts": pa.schema(
        {
            "account": pa.int64(),
            "person": pa.int64(),
            "source": pa.string(),
            "native_id": pa.int64(),
            "username": pa.string(),
            "is_bot": pa.bool_(),
            "is_visible": pa.bool_(),
            "declared_country": pa.string(),
        }
    ),
    "contributions": pa.schema(
        {
            "person": pa.int64(),
            "account": pa.int64(),
            "source": pa.string(),
            "area": pa.string(),
            "event_type": pa.string(),
            "occurred_at": _INSTANT,
            "locale": pa.string(),
            "object": pa.int64(),
        }
    ),
    "questions": pa.schema(
        {
            "question": pa.int64(),
            "asker": pa.int64(),
            "created": _INSTANT,
            "locale": pa.string(),
            "product": pa.string(),
            "is_spam": pa.bool_(),
            "first_response_at": _INSTANT,
        }
    ),
    "reviews": pa.schema(
        {
            "translation": pa.int64(),
            "reviewer": pa.int64(),
            "author": pa.int64(),
            "by_other": pa.bool_(),
            "reviewed_at": _INSTANT,
            "locale": pa.string(),
            "project": pa.string(),
        }
    ),
}

KEPT_SCHEMAS: dict[str, pa.Schema] = {
    "affiliations": pa.schema(
        {
            "person": pa.int64(),
            "affiliation": pa.string(),
            "valid_from": pa.timestamp("us"),
            "valid_to": pa.timestamp("us"),
        }
    ),
    "roles": pa.schema(
        {
            "account": pa.int64(),
            "person": pa.int64(),
            "source": pa.string(),
            "role": pa.string(),
            "scope_type": pa.string(),
            "scope": pa.string(),
            "valid_from": pa.timestamp("us"),
            "valid_to": pa.timestamp("us"),
            "is_start_known": pa.bool_(),
        }
    ),
    "recognitions": pa.schema(
        {
            "account": pa.int64(),
            "person": pa.int64(),
            "recognition": pa.string(),
            "area": pa.string(),
            "given_on": pa.timestamp("us"),
        }
    ),
    "goals": pa.schema({"goal": pa.string(), "version_on": pa.timestamp("us"), "status": pa.string()}),
    "demographics": pa.schema(
        {"person": pa.int64(), "attribute": pa.string(), "attribute_value": pa.string()}
    ),
    "responses": pa.schema(
        {
            "wave": pa.string(),
            "account": pa.int64(),
            "person": pa.int64(),
            "level": pa.string(),
            "is_delivered": pa.bool_(),
            "has_answered": pa.bool_(),
            "is_complete": pa.bool_(),
        }
    ),
}
"""What is true behind the files that people keep (`kept.py`); times without a zone are UTC, days at 00:00."""

AREAS = {
    "bug_filed": "quality",
    "bug_comment": "quality",
    "bug_field_change": "quality",
    "needinfo_answered": "quality",
    "bug_verified": "quality",
    "duplicate_found": "quality",
    "patch_attached": "code",
    "bug_fixed": "code",
    "translation_created": "localization",
    "translation_reviewed": "localization",
    "kb_revision_created": "knowledge_base",
    "kb_translation_created": "localization",
    "answer_posted": "support",
    "reps_report": "mobilizing",
    "reps_event_organized": "mobilizing",
}
"""Event type -> area, catalogue 0.2."""


@dataclass(frozen=True)
class Truth:
    """The planted truths, one Arrow table each (see the module's text); `kept`: those in `KEPT_SCHEMAS`."""

    people: pa.Table
    accounts: pa.Table
    contributions: pa.Table
    questions: pa.Table
    reviews: pa.Table
    kept: dict[str, pa.Table] = field(default_factory=dict)


@dataclass
class Ledger:
    """Where the generator notes what is true; `finished` makes tables of it. Times: microseconds UTC."""

    until: int
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})

    def note(self, table: str, **row: Any) -> None:
        self.rows[table].append(row)

    def act(
        self,
        account: int,
        person: int,
        source: str,
        event_type: str,
        at: int,
        number: int,
        locale: str | None = None,
    ) -> None:
        """One contribution; one dated after the source's clock is planned and not noted."""
        if at < self.until:
            self.note(
                "contributions",
                person=person,
                account=account,
                source=source,
                area=AREAS[event_type],
                event_type=event_type,
                occurred_at=at,
                locale=locale,
                object=number,
            )

    def finished(self) -> Truth:
        return Truth(**{name: _table(self.rows[name], schema) for name, schema in SCHEMAS.items()})


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)


def write_truth(truth: Truth, folder: Path) -> None:
    """Write `<folder>/truth/<table>.parquet`, replacing what is there."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        pq.write_table(getattr(truth, name), folder / "truth" / f"{name}.parquet")
    for name, table in truth.kept.items():
        pq.write_table(table, folder / "truth" / f"{name}.parquet")

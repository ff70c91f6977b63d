"""The shape of a world: native records of each source, ready to be served.

A world is data only. It comes from `generator` or from `recorded`; `servers` answers from it. Records
are plain JSON dictionaries, exactly as the real interface sends them, so that no server has to know where
they came from. No rule, no metric and no default value belongs here.

Instants inside records are text as the source writes them; `since` and `now` are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

SOURCES = ("bugzilla", "pontoon", "sumo", "reps", "discourse")

Record = dict[str, Any]


@dataclass(frozen=True)
class SetAside:
    """Records of an input set that are not served, counted with the reason."""

    source: str
    input_set: str
    reason: str
    records: int


@dataclass
class PontoonWorld:
    """Pontoon's records.

    locales, projects: rows of `/api/v2/locales/` and `/api/v2/projects/`; a project also carries `pk` and
    may carry `old_slugs` (former slugs) and `localizations` (its statistics by locale, as its detail shows
    them), a locale `old_codes`: the server uses these and does not send them with the row.
    actions: (project slug, UTC day) -> the actions of that day, in the order they are answered.
    """

    locales: list[Record] = field(default_factory=list)
    projects: list[Record] = field(default_factory=list)
    actions: dict[tuple[str, date], list[Record]] = field(default_factory=dict)


@dataclass
class SumoWorld:
    """SUMO's records, as `/api/2/question/`, `/api/2/answer/` and `/api/2/user/` answer them.

    revisions: what the list of revisions of the knowledge base shows of each (`id`, `document`, `locale`,
    `title`, `comment`, `creator`: a user name, `created`); None: this world has no such list.
    """

    questions: list[Record] = field(default_factory=list)
    answers: list[Record] = field(default_factory=list)
    users: list[Record] = field(default_factory=list)
    revisions: list[Record] | None = None


@dataclass
class RepsWorld:
    """Reps detail records; each has `_url`, whose trailing number is its id."""

    people: list[Record] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    activities: list[Record] = field(default_factory=list)


@dataclass
class DiscourseWorld:
    """Discourse's topics as its lists show them, and posts as a topic shows them; tags are texts."""

    topics: list[Record] = field(default_factory=list)
    posts: list[Record] = field(default_factory=list)


@dataclass
class World:
    """All sources of one community.

    name: told to people, e.g. "small seed 1" or "recorded".
    since: per source, from when a first run should ask, UTC; None: from the source's own start.
    now: per source, the server's clock, UTC; every answer carries it as its `Date` header.
    bugzilla: native bugs with `history`, `comments`, `attachments` and the `*_detail` objects.
    kept: files that people keep, path in their folder -> content, e.g. `curated/roles.csv`.
    set_aside: what an input set held and no server offers, with the reason.
    """

    name: str
    since: dict[str, datetime | None]
    now: dict[str, datetime]
    bugzilla: list[Record] = field(default_factory=list)
    pontoon: PontoonWorld = field(default_factory=PontoonWorld)
    sumo: SumoWorld = field(default_factory=SumoWorld)
    reps: RepsWorld = field(default_factory=RepsWorld)
    discourse: DiscourseWorld = field(default_factory=DiscourseWorld)
    kept: dict[str, str] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)


def write_kept(world: World, folder: Path) -> None:
    """Write the files that the world's people keep under `folder`."""
    for name, content in world.kept.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

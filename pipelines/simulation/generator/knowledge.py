"""Who writes and translates the articles of SUMO's knowledge base: one record a saved revision.

Hard cases made here: translations that a machine made, comments that look like markup or like somebody's
address, a weekend on which a whole page of revisions was saved, articles whose name needs escaping.
"""

from __future__ import annotations

from pipelines.simulation.generator.chance import DAY, SECOND, Chance, liveliness, stamp
from pipelines.simulation.generator.people import Account, Group, Roster
from pipelines.simulation.generator.scale import Scale
from pipelines.simulation.generator.truth import Ledger
from pipelines.simulation.world import Record

MACHINE = "SumoBot"
ARTICLES = (
    "set-up-sync",
    "clear-the-cache",
    "back-up-mail",
    "import-contacts",
    "what-s-new?",
    "für-anfänger",
)
COMMENTS = ("typo", "screenshots for the new version", "<a href='/en-US/user/nobody/'>see</a>", "")
SHARE_OF_QUESTIONS = 0.1
"""Revisions a day for each question a day."""

ENGLISH = 0.4
BY_MACHINE = 0.06
BUSY_DAY = 100 * DAY
BUSY_ROWS = 45
"""So many revisions more on the hundredth day: the list of that day has more than two pages."""


def make(scale: Scale, seed: int, roster: Roster, ledger: Ledger) -> list[Record]:
    """All revisions in the order of time; notes those of people as contributions."""
    chance = Chance(seed, 8)
    writers = Group([account for account in roster.of("sumo").accounts if account.is_visible])
    rows: list[Record] = []
    for day in range(scale.start, scale.end, DAY):
        wanted = chance.count(SHARE_OF_QUESTIONS * scale.questions_per_day * liveliness(day))
        wanted += BUSY_ROWS if day == scale.start + BUSY_DAY else 0
        for at in sorted(chance.in_day(day) // SECOND * SECOND for _ in range(wanted)):
            row = _saved(chance, writers, at, 300_001 + 2 * len(rows), ledger)
            rows += [row] if row else []
    return rows


def _saved(chance: Chance, writers: Group, at: int, number: int, ledger: Ledger) -> Record | None:
    is_english = chance.happens(ENGLISH)
    author = None if chance.happens(BY_MACHINE) and not is_english else writers.somebody(chance, at)
    if author is not None and author.person is None:
        return None
    locale = "en-US" if is_english else _language(chance, author)
    if author is not None and author.person is not None:
        kind = "kb_revision_created" if locale == "en-US" else "kb_translation_created"
        ledger.act(author.number, author.person.number, "sumo", kind, at, number, locale)
    article = chance.one(ARTICLES)
    return {
        "id": number,
        "document": article if locale == "en-US" else f"{article}-{locale.lower()}",
        "locale": locale,
        "title": article.replace("-", " ").capitalize(),
        "comment": chance.one(COMMENTS),
        "creator": author.username if author else MACHINE,
        "created": stamp(at),
    }


def _language(chance: Chance, author: Account | None) -> str:
    """People translate into a language of their own, the machine into any."""
    own = [one for one in author.person.locales if one != "en-US"] if author and author.person else []
    return own[0] if own else chance.one(("de", "fr", "it"))

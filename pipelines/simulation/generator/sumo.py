"""What people do on SUMO: questions, answers, solutions, spam, and profiles that say a country or do not.

Hard cases made here: askers who answer themselves, spam questions and answers, answers of accounts without
a profile and of SumoBot (both shown as null), an erased asker with a locked question and the bot's closing
note, rows edited long after, more than a page of rows that share one `updated`, stamps without a fraction,
archived questions, answers by people whose country is not declared though everything hints at one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.simulation.generator import knowledge
from pipelines.simulation.generator.chance import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Chance,
    liveliness,
    stamp,
)
from pipelines.simulation.generator.people import Account, Group, Person, Roster, directory_name
from pipelines.simulation.generator.scale import Scale
from pipelines.simulation.generator.truth import Ledger
from pipelines.simulation.world import Record, SumoWorld

AVATAR = "/static/avatar.png"
PRODUCTS = (("firefox", 0.62), ("thunderbird", 0.26), ("mobile", 0.12))
TOPICS = ("accounts", "browse", "passwords-and-sign-in", "performance", "settings", "get-started")
LOCALE_SHARES = (("en-US", 0.6), ("de", 0.09), ("es", 0.08), ("pt-BR", 0.08), ("fr", 0.06), ("it", 0.03),
                 ("id", 0.03), ("pl", 0.01), ("ja", 0.01), ("nl", 0.01))  # fmt: skip
QUIET_LOCALE = "id"
"""Questions in this forum are answered half as often: a planted gap."""

TITLES = (
    "Tabs are gone",
    "Cannot sign in",
    "Mail is not fetched",
    "Page stays white",
    "Very slow since Monday",
)
TEXT = "<p>It began after the update.\n</p>"
ARCHIVED_AFTER = 180 * DAY
SHARED_UPDATED_ROWS = 27
"""So many questions (and answers) share one `updated`: more than a page of 20."""


@dataclass
class Answer:
    """An answer in the making. author None: the bot; an author whose account is hidden is shown as null."""

    author: Account | None
    at: int
    is_spam: bool = False
    is_note: bool = False
    updated: int = 0
    number: int = 0


@dataclass
class Question:
    """A question in the making. erased: the asker's account was deleted later."""

    asker: Account
    at: int
    locale: str
    product: str
    is_spam: bool
    erased: bool = False
    answers: list[Answer] = field(default_factory=list)
    solution: Answer | None = None
    updated: int = 0
    number: int = 0


def make(scale: Scale, seed: int, roster: Roster, ledger: Ledger, declared: dict[int, str]) -> SumoWorld:
    """The whole forum; notes contributions, questions and declared countries."""
    chance = Chance(seed, 2)
    helpers, askers = roster.of("sumo"), roster.of("sumo", ("asker", "contributor"))
    spammers = roster.of("sumo", ("spammer",))
    questions: list[Question] = []
    for day in range(scale.start, scale.end, DAY):
        for _ in range(chance.count(scale.questions_per_day * liveliness(day))):
            question = _ask(chance, day, askers, spammers)
            if question:
                _answer_all(chance, scale, question, helpers, spammers)
                questions.append(question)
    questions = [question for question in questions if _kept(chance, scale, question)]
    answers = _number(chance, questions)
    _same_updated(scale, questions, answers)
    _note(questions, ledger)
    users = _profiles(chance, roster, declared, questions, answers)
    return SumoWorld(
        questions=[_question_record(chance, scale, question) for question in questions],
        answers=[_answer_record(chance, question, answer) for question, answer in answers],
        users=users,
        revisions=knowledge.make(scale, seed, roster, ledger),
    )


# --- Making questions and answers -----------------------------------------------------------------


def _ask(chance: Chance, day: int, askers: Group, spammers: Group) -> Question | None:
    at = chance.in_day(day)
    is_spam = chance.happens(0.03)
    asker = (
        spammers.somebody(chance, at)
        if is_spam
        else askers.somebody(chance, at, prefer=askers.factors(_asks))
    )
    if asker is None or asker.person is None:
        return None
    home = asker.person.locales[0]
    shares = [share * (12 if locale == home else 1) for locale, share in LOCALE_SHARES]
    locale = LOCALE_SHARES[chance.weighted(shares) or 0][0]
    product = PRODUCTS[chance.weighted([share for _, share in PRODUCTS]) or 0][0]
    return Question(asker, at, locale, product, is_spam, updated=at + chance.whole(3, 11))


def _asks(person: Person) -> float:
    """Contributors ask less often than people who come for help."""
    return 1.0 if person.kind == "asker" else 0.15


def _speaks(person: Person, locale: str) -> float:
    """Helpers mostly answer in their own language's forum."""
    return 8.0 if locale in person.locales else 1.0


def _answer_all(chance: Chance, scale: Scale, question: Question, helpers: Group, spammers: Group) -> None:
    """Answers in order of time: helpers, the asker's own, spam; then perhaps a solution."""
    own = Answer(question.asker, question.at + chance.after(2 * HOUR, 1.0))
    if chance.happens(0.08):
        _add(question, own, scale)
    heard = 0.86 * (0.5 if question.locale == QUIET_LOCALE else 1.0) * (0.1 if question.is_spam else 1.0)
    if chance.happens(heard):
        at = question.at + chance.after(5 * HOUR, 1.5)
        prefer = helpers.factors(_speaks, question.locale)
        for _ in range(1 + chance.count(0.8)):
            helper = helpers.somebody(chance, at, [question.asker], prefer)
            if helper:
                _add(question, Answer(helper, at), scale)
                if chance.happens(0.4):
                    _add(question, Answer(question.asker, at + chance.after(3 * HOUR, 1.0)), scale)
            at += chance.after(14 * HOUR, 1.0)
    if chance.happens(0.03):
        at = question.at + chance.after(30 * HOUR, 1.0)
        _add(question, Answer(spammers.somebody(chance, at), at, is_spam=True), scale)
    question.answers.sort(key=lambda answer: answer.at)
    shown = [a for a in question.answers if not a.is_spam and a.author]
    if shown and chance.happens(0.45):
        question.solution = chance.one(shown)


def _add(question: Question, answer: Answer, scale: Scale) -> None:
    if answer.at < scale.end and answer.author:
        question.answers.append(answer)


def _kept(chance: Chance, scale: Scale, question: Question) -> bool:
    """Of an erased asker only answered questions stay, locked, with the bot's closing note."""
    if not _is_erased(question.asker):
        return True
    question.erased = bool(question.answers) and not question.is_spam
    note = max([question.at, *(answer.at for answer in question.answers)]) + chance.after(40 * DAY, 0.5)
    if question.erased and note < scale.end:
        question.answers.append(Answer(None, note, is_note=True))
    return question.erased


def _is_erased(account: Account) -> bool:
    """Every second asker without a profile had one once and was deleted."""
    asks = account.person is not None and account.person.kind == "asker"
    return asks and not account.is_visible and account.number % 2 == 0


def _number(chance: Chance, questions: list[Question]) -> list[tuple[Question, Answer]]:
    """Ids in the order of creation; an answer moves its question's `updated` some milliseconds later."""
    questions.sort(key=lambda question: question.at)
    for number, question in enumerate(questions):
        question.number = 1_400_001 + 2 * number
    answers = [(question, answer) for question in questions for answer in question.answers]
    answers.sort(key=lambda pair: pair[1].at)
    for number, (question, answer) in enumerate(answers):
        answer.number = 1_700_001 + number
        answer.updated = answer.at + chance.whole(3, 11)
        if not answer.is_note:
            question.updated = max(question.updated, answer.at + chance.whole(12_000, 30_000))
        if chance.happens(0.02):
            answer.updated = answer.at + chance.after(20 * MINUTE, 1.0)
    return answers


def _same_updated(scale: Scale, questions: list[Question], answers: list[tuple[Question, Answer]]) -> None:
    """A moderator's bulk edit: more rows with one `updated` than a page holds."""
    at = scale.start + (scale.end - scale.start) * 2 // 3
    old_questions = [question for question in questions if question.updated < at - DAY]
    for question in old_questions[-SHARED_UPDATED_ROWS:]:
        question.updated = at
    old_answers = [answer for _, answer in answers if answer.updated < at - DAY]
    for answer in old_answers[-SHARED_UPDATED_ROWS:]:
        answer.updated = at


# --- Noting what is true --------------------------------------------------------------------------


def _shown(account: Account | None) -> Account | None:
    """The account as the interface names it: None for the bot, the erased and those without a profile."""
    return account if account is not None and account.is_visible else None


def _note(questions: list[Question], ledger: Ledger) -> None:
    for question in questions:
        first: int | None = None
        for answer in question.answers:
            author = _shown(answer.author)
            if answer.is_spam or author is None or author is question.asker or author.person is None:
                continue
            first = answer.at if first is None else min(first, answer.at)
            person = author.person.number
            ledger.act(
                author.number, person, "sumo", "answer_posted", answer.at, answer.number, question.locale
            )
        asker = _shown(question.asker)
        ledger.note(
            "questions",
            question=question.number,
            asker=asker.number if asker else None,
            created=question.at,
            locale=question.locale,
            product=question.product,
            is_spam=question.is_spam,
            first_response_at=first,
        )


# --- Records --------------------------------------------------------------------------------------


def _embedded(account: Account | None) -> Record | None:
    if account is None or not account.is_visible:
        return None
    shown = account.name if account.number % 3 else None
    return {"username": account.username, "display_name": shown, "avatar": AVATAR}


def _question_record(chance: Chance, scale: Scale, question: Question) -> Record:
    counted = [answer for answer in question.answers if not answer.is_spam and not answer.is_note]
    authors = [_shown(answer.author) for answer in counted]
    involved = list(dict.fromkeys(a for a in (_shown(question.asker), *authors) if a is not None))
    solution = question.solution
    metadata = [
        {"name": "ff_version", "value": f"{128 + chance.whole(0, 14)}.0"},
        {"name": "os", "value": chance.one(("Windows 11", "Linux", "macOS 15", "Android 15"))},
        {"name": "category", "value": chance.one(TOPICS)},
        {"name": "sanitized_product_version", "value": ""},
    ]
    if solution:
        metadata.append({"name": "solver_id", "value": str(question.asker.native_id)})
    return {
        "answers": [answer.number for answer in question.answers],
        "content": TEXT,
        "created": stamp(question.at),
        "creator": _embedded(_shown(question.asker)),
        "id": question.number,
        "involved": [_embedded(account) for account in involved],
        "is_archived": question.at < scale.now - ARCHIVED_AFTER,
        "is_locked": question.erased or question.number % 97 == 0,
        "is_solved": solution is not None,
        "is_spam": question.is_spam,
        "is_taken": False,
        "last_answer": counted[-1].number if counted else None,
        "locale": question.locale,
        "metadata": metadata,
        "tags": [{"name": question.product, "slug": question.product}],
        "num_answers": len(counted),
        "num_votes_past_week": 0,
        "num_votes": chance.count(0.4),
        "product": question.product,
        "solution": solution.number if solution else None,
        "solved_by": _embedded(_shown(solution.author)) if solution else None,
        "taken_until": None,
        "taken_by": None,
        "title": chance.one(TITLES),
        "topic": chance.one(TOPICS),
        "updated_by": None,
        "updated": stamp(question.updated),
    }


def _answer_record(chance: Chance, question: Question, answer: Answer) -> Record:
    return {
        "id": answer.number,
        "question": question.number,
        "content": TEXT,
        "created": stamp(answer.at),
        "creator": _embedded(_shown(answer.author)),
        "updated": stamp(answer.updated),
        "updated_by": None,
        "is_spam": answer.is_spam,
        "num_helpful_votes": 0 if answer.is_spam else chance.count(0.5),
        "num_unhelpful_votes": chance.count(0.1),
    }


def _profiles(
    chance: Chance,
    roster: Roster,
    declared: dict[int, str],
    questions: list[Question],
    answers: list[tuple[Question, Answer]],
) -> list[Record]:
    """Profiles of everybody who has one. Time zone and locale are mostly the program's own defaults."""
    asked = _counted(_shown(question.asker) for question in questions)
    answered = _counted(_shown(answer.author) for _, answer in answers)
    solved = _counted(question.solution.author for question in questions if question.solution)
    last = {account.number: answer.at for _, answer in answers if (account := _shown(answer.author))}
    profiles = []
    for account in roster.accounts:
        person = account.person
        if account.source != "sumo" or not account.is_visible or person is None:
            continue
        if person.declares:
            declared[account.number] = person.home.code
        tells = person.declares or chance.happens(0.3)
        profiles.append({
            "answer_count": answered.get(account.number, 0),
            "avatar": AVATAR,
            "bio": None,
            "city": person.home.city if tells and account.number % 2 else None,
            "country": declared.get(account.number),
            "date_joined": stamp(person.joined + account.number * 7 * SECOND + account.number),
            "display_name": account.name if account.number % 3 else None,
            "community_mozilla_org": "",
            "helpfulness": chance.count(2.0),
            "id": account.native_id,
            "matrix_handle": "",
            "is_active": account.number % 71 != 0,
            "last_answer_date": stamp(last[account.number]) if account.number in last else None,
            "locale": person.locales[0] if tells else "en-US",
            "people_mozilla_org": directory_name(person) if person.links else "",
            "question_count": asked.get(account.number, 0),
            "solution_count": solved.get(account.number, 0),
            "timezone": person.home.zone if tells else "US/Pacific",
            "twitter": None,
            "username": account.username,
            "website": None,
        })  # fmt: skip
    return profiles


def _counted(accounts: Iterable[Account | None]) -> dict[int, int]:
    found: dict[int, int] = {}
    for account in accounts:
        if account is not None:
            found[account.number] = found.get(account.number, 0) + 1
    return found

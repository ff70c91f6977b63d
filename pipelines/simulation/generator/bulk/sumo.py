"""SUMO in bulk: the questions of one month with their answers until the end, and everybody's profile.

Shapes: forums of languages with helpers of their own, one forum that is answered half as often, askers who
answer themselves, spam, solutions, rows edited long after, profiles that declare a country or do not,
accounts without a profile (shown as null), askers who were erased: of theirs only answered questions stay,
locked, with a note. The same columns become the lake's tables (`tables`) and native records (`records`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.simulation.generator.bulk.crowd import ASKER, CONTRIBUTOR, SPAMMER, Crowd
from pipelines.simulation.generator.bulk.draws import (
    NOBODY,
    Array,
    Pool,
    instants,
    ranks,
    rng_of,
    stamps,
    waits,
    words,
)
from pipelines.simulation.generator.bulk.names import Handles, Pseudonyms, counted, taken
from pipelines.simulation.generator.bulk.places import PLACES
from pipelines.simulation.generator.chance import DAY, HOUR, MINUTE, SECOND
from pipelines.simulation.generator.sumo import ARCHIVED_AFTER, AVATAR, QUIET_LOCALE, TEXT, TITLES, TOPICS
from pipelines.simulation.servers.knowledge import locales, products
from pipelines.simulation.world import Record, SumoWorld

SYSTEM = 2
FORUMS = ("en-US", "de", "es", "pt-BR", "fr", "it", "pl", "ja", "id", "nl", "ru", "cs", "hu", "tr", "zh-CN")
PRODUCTS = ("firefox", "thunderbird", "mobile")
QUESTIONS_A_MONTH, ANSWERS_A_MONTH = 100_000, 500_000

Columns = dict[str, Array]


@dataclass
class Month:
    """Questions in the order of time, answers by question and time; `question` is the place in the month."""

    questions: Columns
    answers: Columns


def forum_of(crowd: Crowd) -> Array:
    """The forum each account is at home in; people of English-speaking countries in the English one."""
    place = crowd.of_person("sumo", "place", 0)
    at_home = np.array([FORUMS.index(one.locale) if one.locale in FORUMS else 0 for one in PLACES])
    return at_home[place]


def pools(crowd: Crowd) -> tuple[Pool, Pool, Pool, Pool]:
    """Askers, helpers by forum, helpers of any, spammers."""
    own, kind = crowd.accounts["sumo"], crowd.of_person("sumo", "kind", ASKER)
    asks = own.weight * np.where(kind == ASKER, 1.0, np.where(kind == CONTRIBUTOR, 0.1, 0.0))
    helps = own.weight * (kind == CONTRIBUTOR)
    return (
        crowd.pool("sumo", "askers", asks),
        crowd.pool("sumo", "helpers by forum", helps, forum_of(crowd)),
        crowd.pool("sumo", "helpers", helps),
        crowd.pool("sumo", "spammers", own.weight * (kind == SPAMMER)),
    )


def draw(crowd: Crowd, month: int) -> Month:
    rng = rng_of(crowd.seed, SYSTEM, month)
    askers, _, _, spammers = pools(crowd)
    count = int(rng.poisson(crowd.size.questions * crowd.calendar.share(month, crowd.opened("sumo"))))
    at = crowd.calendar.moments(rng, month, count)
    spam = rng.random(count) < 0.03
    asker = askers.pick(rng, at)
    asker[spam] = spammers.pick(rng, at[spam])
    at, spam, asker = at[asker >= 0], spam[asker >= 0], asker[asker >= 0]
    count = len(at)
    locale = np.where(rng.random(count) < 0.7, forum_of(crowd)[asker], 0)
    questions: Columns = {
        "at": at,
        "asker": asker,
        "locale": locale,
        "product": rng.choice(3, count, p=(0.62, 0.26, 0.12)),
        "topic": rng.integers(0, len(TOPICS), count),
        "title": rng.integers(0, len(TITLES), count),
        "is_spam": spam,
        "votes": rng.poisson(0.4, count),
        "chosen": rng.random(count),
    }
    answers = _answers(crowd, month, questions, rng)
    return _finish(crowd, month, questions, answers, rng)


def _answers(crowd: Crowd, month: int, questions: Columns, rng: np.random.Generator) -> Columns:
    """Helpers some hours later, the asker's own replies, spam, and the visits that must happen."""
    _, by_forum, helpers, spammers = pools(crowd)
    count, end = len(questions["at"]), crowd.size.end
    heard = np.where(questions["locale"] == FORUMS.index(QUIET_LOCALE), 0.42, 0.85) * np.where(
        questions["is_spam"], 0.1, 1.0
    )
    answered = np.flatnonzero(rng.random(count) < heard)
    length = 1 + rng.poisson(0.8, len(answered))
    question = np.repeat(answered, length)
    steps = np.where(
        ranks(question) == 0,
        waits(rng, len(question), 5 * HOUR, 1.5),
        waits(rng, len(question), 14 * HOUR, 1.0),
    )
    total = np.cumsum(steps)
    begun = np.flatnonzero(ranks(question) == 0)
    before = np.repeat(total[begun] - steps[begun], length)
    at = questions["at"][question] + total - before
    question, at = question[at < end], at[at < end]
    asker = questions["asker"][question]
    who = by_forum.pick(rng, at, group=questions["locale"][question], but=asker)
    stranger = (who < 0) | (rng.random(len(who)) < 0.1)
    who[stranger] = helpers.pick(rng, at[stranger], but=asker[stranger])
    question, at, who = question[who >= 0], at[who >= 0], who[who >= 0]
    parts = [(question, at, who, np.zeros(len(at), bool))]
    replies = rng.random(len(at)) < 0.4
    back = at[replies] + waits(rng, int(replies.sum()), 3 * HOUR, 1.0)
    parts.append((question[replies], back, questions["asker"][question[replies]], np.zeros(len(back), bool)))
    own = np.flatnonzero(rng.random(count) < 0.08)
    parts.append(
        (
            own,
            questions["at"][own] + waits(rng, len(own), 2 * HOUR, 1.0),
            questions["asker"][own],
            np.zeros(len(own), bool),
        )
    )
    bad = np.flatnonzero(rng.random(count) < 0.03)
    late = questions["at"][bad] + waits(rng, len(bad), 30 * HOUR, 1.0)
    parts.append((bad, late, spammers.pick(rng, np.minimum(late, end - 1)), np.ones(len(bad), bool)))
    parts.append(_visits(crowd, month, questions, rng))
    names = ("question", "at", "who", "is_spam")
    answers = {name: np.concatenate([part[n] for part in parts]) for n, name in enumerate(names)}
    here = (answers["at"] < end) & (answers["who"] >= 0)
    return {name: column[here] for name, column in answers.items()}


def _visits(
    crowd: Crowd, month: int, questions: Columns, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """An answer to some honest question that is there and another's."""
    start, end = int(crowd.calendar.starts[month]), int(crowd.calendar.ends[month])
    visits = crowd.visits["sumo"].within(start, end)
    honest = np.flatnonzero(~questions["is_spam"])
    at, who = visits.at.copy(), visits.account
    if not len(honest):
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, np.zeros(0, bool)
    known = np.searchsorted(questions["at"][honest], at, side="left")
    early = known == 0
    at[early] = questions["at"][honest[0]] + MINUTE
    known[early] = 1
    place = (rng.random(len(at)) * known).astype(np.int64)
    mine = questions["asker"][honest[place]] == who
    place[mine] = np.where(place[mine] > 0, place[mine] - 1, np.minimum(1, known[mine] - 1))
    return honest[place], at, who, np.zeros(len(at), bool)


def _finish(
    crowd: Crowd, month: int, questions: Columns, answers: Columns, rng: np.random.Generator
) -> Month:
    """Erased askers, numbers, times of change, solutions."""
    own = crowd.accounts["sumo"]
    kind = crowd.of_person("sumo", "kind", ASKER)
    asker = questions["asker"]
    gone = ~own.visible[asker] & (kind[asker] == ASKER) & (asker % 2 == 0)
    answered = np.bincount(answers["question"], minlength=len(asker)) > 0
    keep = ~gone | (answered & ~questions["is_spam"])
    place = np.cumsum(keep) - 1
    questions = {name: column[keep] for name, column in questions.items()}
    gone = gone[keep]
    kept = keep[answers["question"]]
    answers = {name: column[kept] for name, column in answers.items()}
    answers["question"] = place[answers["question"]]
    answers["is_note"] = np.zeros(len(answers["at"]), bool)
    last = questions["at"].copy()
    np.maximum.at(last, answers["question"], answers["at"])
    noted = np.flatnonzero(gone)
    at = last[noted] + waits(rng, len(noted), 40 * DAY, 0.5)
    noted, at = noted[at < crowd.size.end], at[at < crowd.size.end]
    notes = {
        "question": noted, "at": at, "who": np.full(len(noted), NOBODY),
        "is_spam": np.zeros(len(noted), bool), "is_note": np.ones(len(noted), bool),
    }  # fmt: skip
    answers = {name: np.concatenate([answers[name], notes[name]]) for name in answers}
    order = np.lexsort((answers["at"], answers["question"]))
    answers = {name: column[order] for name, column in answers.items()}
    count, rows = len(questions["at"]), len(answers["at"])
    if count >= QUESTIONS_A_MONTH or rows >= ANSWERS_A_MONTH:
        raise ValueError(f"Month {month} holds more questions or answers than there are numbers for.")
    questions["id"] = 1_000_001 + month * QUESTIONS_A_MONTH + np.arange(count)
    answers["id"] = 1_000_001 + month * ANSWERS_A_MONTH + np.arange(rows)
    answers["updated"] = answers["at"] + rng.integers(3, 11, rows)
    edited = rng.random(rows) < 0.02
    answers["updated"][edited] = answers["at"][edited] + waits(rng, int(edited.sum()), 20 * MINUTE, 1.0)
    answers["helpful"] = np.where(answers["is_spam"], 0, rng.poisson(0.5, rows))
    answers["unhelpful"] = rng.poisson(0.1, rows)
    updated = questions["at"] + rng.integers(3, 11, count)
    moved = ~answers["is_note"]
    np.maximum.at(
        updated,
        answers["question"][moved],
        answers["at"][moved] + rng.integers(12_000, 30_000, int(moved.sum())),
    )
    questions["updated"], questions["is_locked"] = updated, gone | (questions["id"] % 97 == 0)
    questions["is_archived"] = questions["at"] < crowd.size.now - ARCHIVED_AFTER
    real = ~answers["is_spam"] & ~answers["is_note"]
    questions["num_answers"] = np.bincount(answers["question"][real], minlength=count)
    questions["listed"] = np.bincount(answers["question"], minlength=count)
    questions["solution"] = _solutions(questions, answers)
    return Month(questions, answers)


def _solutions(questions: Columns, answers: Columns) -> Array:
    """The place of the answer that solved each question, NOBODY for none: one of its honest answers."""
    able = np.flatnonzero(~answers["is_spam"] & ~answers["is_note"])
    found = np.full(len(questions["at"]), NOBODY)
    if not len(able):
        return found
    first = np.searchsorted(answers["question"][able], np.arange(len(found)))
    number = np.bincount(answers["question"][able], minlength=len(found))
    solved = np.flatnonzero((questions["chosen"] < 0.45) & (number > 0))
    turn = (questions["chosen"][solved] / 0.45 * number[solved]).astype(np.int64)
    found[solved] = able[first[solved] + np.minimum(turn, number[solved] - 1)]
    return found


def shown(crowd: Crowd, accounts: Array) -> Array:
    """The accounts as the interface names them: NOBODY for those without a profile."""
    visible = crowd.accounts["sumo"].visible
    return np.where((accounts >= 0) & visible[np.maximum(accounts, 0)], accounts, NOBODY)


# --- The lake's tables -----------------------------------------------------------------------------


def tables(crowd: Crowd, months: list[Month], names: Pseudonyms) -> dict[str, dict[str, pa.Array]]:
    """Questions and answers of some months; profiles come once, from `profiles`."""
    username = names.of("username")
    solved, solvers = [], []
    for month in months:
        place = month.questions["solution"]
        has = place >= 0
        number = np.full(len(place), NOBODY)
        number[has] = month.answers["id"][place[has]]
        solver = np.full(len(place), NOBODY)
        solver[has] = month.answers["who"][place[has]]
        solved.append(number)
        solvers.append(solver)
    solution, solver = np.concatenate(solved), shown(crowd, np.concatenate(solvers))
    ids = np.concatenate([month.questions["id"][month.answers["question"]] for month in months])
    questions, answers = (
        {
            name: np.concatenate([getattr(month, kind)[name] for month in months])
            for name in getattr(months[0], kind)
        }
        for kind in ("questions", "answers")
    )
    return {
        "questions": {
            "id": pa.array(questions["id"]),
            "creator": taken(username, shown(crowd, questions["asker"])),
            "created": instants(questions["at"]),
            "updated": instants(questions["updated"]),
            "locale": words(FORUMS, questions["locale"]),
            "product": words(PRODUCTS, questions["product"]),
            "topic": words(TOPICS, questions["topic"]),
            "is_spam": pa.array(questions["is_spam"]),
            "is_locked": pa.array(questions["is_locked"]),
            "is_archived": pa.array(questions["is_archived"]),
            "is_solved": pa.array(solution >= 0),
            "solution": pa.array(solution, mask=solution < 0),
            "solved_by": taken(username, solver),
            "num_answers": pa.array(questions["num_answers"]),
            "answers_listed": pa.array(questions["listed"]),
        },
        "answers": {
            "id": pa.array(answers["id"]),
            "question_id": pa.array(ids),
            "creator": taken(username, shown(crowd, answers["who"])),
            "created": instants(answers["at"]),
            "updated": instants(answers["updated"]),
            "is_spam": pa.array(answers["is_spam"]),
            "num_helpful_votes": pa.array(answers["helpful"]),
            "num_unhelpful_votes": pa.array(answers["unhelpful"]),
        },
    }


def lists(asked: Array) -> tuple[list[Record], list[Record]]:
    """Rows of products and of locales. asked: forum and product of every question, as forum * 10 +
    product."""
    rows = [{"locale": FORUMS[one // 10], "product": PRODUCTS[one % 10]} for one in asked.tolist()]
    named = SumoWorld(questions=rows)
    return products(named), [{"code": code, **row} for code, row in locales(named).items()]


def asked(months: list[Month]) -> Array:
    """What `lists` needs of some months."""
    pairs = [month.questions["locale"] * 10 + month.questions["product"] for month in months]
    return np.unique(np.concatenate(pairs))


def profiles(crowd: Crowd) -> Columns:
    """Who has a profile, since when, and which country it declares (place in PLACES, NOBODY for none)."""
    own = crowd.accounts["sumo"]
    account = np.flatnonzero(own.visible & (own.person >= 0))
    person = own.person[account]
    return {
        "account": account,
        "joined": own.joined[account] + 7 * SECOND + account,
        "is_active": own.number[account] % 71 != 0,
        "country": np.where(crowd.people.declares[person], crowd.people.place[person], NOBODY),
    }


def profile_table(crowd: Crowd, names: Pseudonyms) -> dict[str, pa.Array]:
    rows = profiles(crowd)
    account = rows["account"]
    return {
        "account": taken(names.of("id"), account),
        "username": taken(names.of("username"), account),
        "date_joined": instants(rows["joined"]),
        "is_active": pa.array(rows["is_active"]),
        "country": words(tuple(place.code for place in PLACES), rows["country"], rows["country"] < 0),
        "people_directory": taken(names.of("people:username"), account),
        "community_portal": pa.nulls(len(account), pa.string()),
        "mail_address": taken(names.of("mail:address"), account),
        "local_name": taken(names.of("mail:local"), account),
    }


# --- Native records --------------------------------------------------------------------------------


def records(crowd: Crowd, month: Month) -> tuple[list[Record], list[Record]]:
    """The month's questions and answers as the interface answers them."""
    own = crowd.accounts["sumo"]

    def person(account: int) -> Record | None:
        if account < 0 or not own.visible[account]:
            return None
        return {"username": own.handle[account], "display_name": own.shown[account] or None, "avatar": AVATAR}

    answers = {name: column.tolist() for name, column in month.answers.items()}
    answers["created"], answers["changed"] = (
        stamps(month.answers[name]).to_pylist() for name in ("at", "updated")
    )
    of: dict[int, list[int]] = {}
    for place, question in enumerate(answers["question"]):
        of.setdefault(question, []).append(place)
    questions = {name: column.tolist() for name, column in month.questions.items()}
    questions["created"], questions["changed"] = (
        stamps(month.questions[name]).to_pylist() for name in ("at", "updated")
    )
    return [
        _question(
            {name: column[n] for name, column in questions.items()},
            of.get(n, []),
            answers,
            own.native,
            person,
        )
        for n in range(len(questions["id"]))
    ], [
        {
            "id": answers["id"][n],
            "question": questions["id"][answers["question"][n]],
            "content": TEXT,
            "created": answers["created"][n],
            "creator": person(answers["who"][n]),
            "updated": answers["changed"][n],
            "updated_by": None,
            "is_spam": answers["is_spam"][n],
            "num_helpful_votes": answers["helpful"][n],
            "num_unhelpful_votes": answers["unhelpful"][n],
        }
        for n in range(len(answers["id"]))
    ]


def _question(
    question: dict[str, Any], places: list[int], answers: dict[str, list[Any]], native: Array, person: Any
) -> Record:
    honest = [n for n in places if not answers["is_spam"][n] and not answers["is_note"][n]]
    solution, product, topic = question["solution"], PRODUCTS[question["product"]], TOPICS[question["topic"]]
    involved = list(dict.fromkeys([question["asker"], *(answers["who"][n] for n in honest)]))
    metadata = [{"name": "os", "value": "Linux"}, {"name": "category", "value": topic},
                {"name": "sanitized_product_version", "value": ""}]  # fmt: skip
    if solution >= 0:
        metadata.append({"name": "solver_id", "value": str(native[question["asker"]])})
    return {
        "answers": [answers["id"][n] for n in places],
        "content": TEXT,
        "created": question["created"],
        "creator": person(question["asker"]),
        "id": question["id"],
        "involved": [one for one in map(person, involved) if one],
        "is_archived": question["is_archived"],
        "is_locked": question["is_locked"],
        "is_solved": solution >= 0,
        "is_spam": question["is_spam"],
        "is_taken": False,
        "last_answer": answers["id"][honest[-1]] if honest else None,
        "locale": FORUMS[question["locale"]],
        "metadata": metadata,
        "tags": [{"name": product, "slug": product}],
        "num_answers": question["num_answers"],
        "num_votes_past_week": 0,
        "num_votes": question["votes"],
        "product": product,
        "solution": answers["id"][solution] if solution >= 0 else None,
        "solved_by": person(answers["who"][solution]) if solution >= 0 else None,
        "taken_until": None,
        "taken_by": None,
        "title": TITLES[question["title"]],
        "topic": topic,
        "updated_by": None,
        "updated": question["changed"],
    }


def profile_records(crowd: Crowd, months: list[Month]) -> list[Record]:
    """Everybody's profile; counts are of what these months hold."""
    own, people, rows = crowd.accounts["sumo"], crowd.people, profiles(crowd)
    asked, answered, solved = (np.zeros(len(own), np.int64) for _ in range(3))
    for month in months:
        asked += counted(len(own), month.questions["asker"])
        answered += counted(len(own), month.answers["who"])
        place = month.questions["solution"]
        solved += counted(len(own), month.answers["who"][place[place >= 0]])
    directory = Handles(crowd, "sumo").directory()
    joined = stamps(rows["joined"]).to_pylist()
    found = []
    for n, account in enumerate(rows["account"].tolist()):
        person = int(own.person[account])
        home = PLACES[people.place[person]]
        tells = bool(people.declares[person])
        found.append({
            "answer_count": int(answered[account]), "avatar": AVATAR, "bio": None,
            "city": home.city if tells and account % 2 else None,
            "country": home.code if tells else None,
            "date_joined": joined[n], "display_name": own.shown[account] or None,
            "community_mozilla_org": "", "helpfulness": int(own.number[account] % 5),
            "id": int(own.native[account]), "matrix_handle": "", "is_active": bool(rows["is_active"][n]),
            "last_answer_date": None, "locale": home.locale if tells else "en-US",
            "people_mozilla_org": directory[account] or "", "question_count": int(asked[account]),
            "solution_count": int(solved[account]), "timezone": home.zone if tells else "US/Pacific",
            "twitter": None, "username": own.handle[account], "website": None,
        })  # fmt: skip
    return found

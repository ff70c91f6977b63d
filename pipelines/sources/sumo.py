"""SUMO (Kitsune): questions, answers and profiles of support.mozilla.org.

    question -> sumo/questions   spam included, so that it can be dropped later
    answer   -> sumo/answers
    user     -> sumo/users       the declared country, and nothing that the program fills in itself
    products, locales -> sumo/products, sumo/locales     archived products are not listed
    list of revisions -> sumo/revisions   who saved which article when, from a page for people

A first load reads windows of `created`, their pages side by side; then questions and answers are walked
by the value of (updated, id), always the first page after the last value seen, so that a row that moves is
met again and none is skipped. Solving a question does not move `updated`: the last 185 days of `created`
are read again once a day, older weeks once a year. A question read again lists all its answers, so an
answer that is listed no more is gone.
Page size is fixed at 20. Unknown parameters are ignored silently, so a far-future filter is asked
first: anything but an empty answer means that the filter is not honoured.
Of the knowledge base only the list of revisions is read (people's pages are closed to robots, this list is
not), one page at a time; it does not tell reviews, so these stay unknown, and what the machine wrote is
left out by the list itself.
Links: a profile may name its owner's accounts in Mozilla's people directory and community portal; both are
kept as pseudonyms that every source makes alike, beside the profile's own.
Privacy: user names are hashed (some are e-mail addresses); titles, texts and metadata are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from pipelines.sources.names import local_name, mail_address
from pipelines.sources.spec import (
    Feed,
    Handle,
    Pace,
    Pseudonymise,
    Record,
    Reread,
    Row,
    Source,
    SourceChanged,
    Stream,
    boolean,
    instant,
    int64,
    json_type,
    pseudonym,
    required,
    text,
)
from pipelines.sources.walks import Members, NewestFirst, OneList, PagedList, RevisionList, ValueKeyset


def username(record: Record, name: str) -> str | None:
    """The user name inside an embedded user; None for accounts without a profile and for SumoBot."""
    person = record.get(name)
    if person is None:
        return None
    known = person.get("username") if isinstance(person, dict) else None
    if isinstance(known, str):
        return known or None
    raise SourceChanged(
        f"`{name}` as null or an object with a `username`", json_type(person), f"id {record.get('id')}"
    )


def question_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    listed_answers = record.get("answers")
    yield {
        **record,
        "creator": username(record, "creator"),
        "solved_by": username(record, "solved_by"),
        "answers_listed": len(listed_answers) if isinstance(listed_answers, list) else None,
    }


def answer_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    yield {**record, "creator": username(record, "creator"), "question_id": record.get("question")}


def user_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """Time zone and locale are not kept: their defaults (US/Pacific, en-US) say nothing about a person."""
    yield {
        **record,
        "account": record.get("id"),
        "country": record.get("country") or None,
        "people_directory": record.get("people_mozilla_org") or None,
        "community_portal": record.get("community_mozilla_org") or None,
        "mail_address": mail_address(record.get("username")),
        "local_name": local_name(record.get("username")),
    }


def user_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    """The public name of a profile; most display names are empty."""
    name, account = record.get("username"), hash_of("id", record.get("id"))
    if account and isinstance(name, str):
        yield Handle("id", account, name, record.get("display_name") or None, f"/user/{name}/")


QUESTIONS = Stream(
    name="questions",
    about="a support question as it is now",
    key=("id",),
    version_at="updated",
    counted_at="created",
    rows=question_rows,
    keep={
        "id": required(int64),
        "creator": pseudonym("username"),
        "created": required(instant),
        "updated": required(instant),
        "locale": text,
        "product": text,
        "topic": text,
        "is_spam": boolean,
        "is_locked": boolean,
        "is_archived": boolean,
        "is_solved": boolean,
        "solution": int64,
        "solved_by": pseudonym("username"),
        "num_answers": int64,
        "answers_listed": int64,
    },
)
ANSWERS = Stream(
    name="answers",
    goes_with=("question_id", "questions"),
    about="an answer to a support question as it is now",
    key=("id",),
    version_at="updated",
    counted_at="created",
    rows=answer_rows,
    keep={
        "id": required(int64),
        "question_id": required(int64),
        "creator": pseudonym("username"),
        "created": required(instant),
        "updated": required(instant),
        "is_spam": boolean,
        "num_helpful_votes": int64,
        "num_unhelpful_votes": int64,
    },
)
USERS = Stream(
    name="users",
    about="a profile as it is now",
    key=("account",),
    counted_at="date_joined",
    same_person=(("account", "username"),),
    handles=user_handles,
    rows=user_rows,
    keep={
        "account": required(pseudonym("id")),
        "username": required(pseudonym("username")),
        "date_joined": instant,
        "is_active": boolean,
        "country": text,
        "people_directory": pseudonym("people:username"),
        "community_portal": pseudonym("community:username"),
        "mail_address": pseudonym("mail:address"),
        "local_name": pseudonym("mail:local"),
    },
)

PRODUCTS = Stream(
    name="products",
    about="a product in which questions are asked, as last seen",
    key=("slug",),
    keep={"slug": required(text), "title": text, "visible": boolean},
)
LOCALES = Stream(
    name="locales",
    about="a language of SUMO, and whether questions can be asked in it",
    key=("code",),
    keep={"code": required(text), "name": text, "aaq_enabled": boolean},
)
REVISIONS = Stream(
    name="revisions",
    about="a saved revision of an article, in English or in another language",
    key=("id",),
    version_at="created",
    keep={
        "id": required(int64),
        "document": required(text),
        "locale": required(text),
        "creator": pseudonym("username"),
        "created": required(instant),
    },
)

SOLVABLE = Reread("solvable", window=timedelta(days=185), every=timedelta(days=1))
"""A question is archived after 180 days and cannot be solved any more; until then nothing tells of it."""

ONCE_A_YEAR = Reread("once_a_year", window=None, every=timedelta(days=365))
"""Deletions and erasures of old rows move no time: some weeks of history a day, all of it in a year."""

EVERY_QUARTER = Reread("every_quarter", window=None, every=timedelta(days=90))
"""Renamed, emptied and deleted profiles: the list has no filter, so it is read as a whole."""

REVISION_LIST = "/en-US/kb/revisions"

SOURCE = Source(
    name="sumo",
    title="SUMO",
    base_url="https://support.mozilla.org",
    opened_on=date(2007, 10, 1),
    grace=timedelta(days=2),
    pace=Pace(per_minute=120, connections=4),
    html_paths=frozenset({REVISION_LIST}),
    feeds=(
        Feed(
            "questions",
            ValueKeyset(
                "/api/2/question/",
                stream="questions",
                rereads=(SOLVABLE, ONCE_A_YEAR),
                members=Members("answers", stream="answers", parent="question_id"),
            ),
            (QUESTIONS,),
        ),
        Feed("answers", ValueKeyset("/api/2/answer/", stream="answers", rereads=(ONCE_A_YEAR,)), (ANSWERS,)),
        Feed(
            "users",
            NewestFirst("/api/2/user/", at="date_joined", stream="users", rereads=(EVERY_QUARTER,)),
            (USERS,),
        ),
        Feed("products", PagedList("/api/1/products/", "products"), (PRODUCTS,), essential=False),
        Feed(
            "locales",
            OneList("/api/2/locales/", "locales", keyed_by="code"),
            (LOCALES,),
            essential=False,
        ),
        Feed(
            "revisions",
            RevisionList(
                REVISION_LIST,
                stream="revisions",
                at="created",
                opened_on=date(2010, 1, 1),
                rereads=(ONCE_A_YEAR,),
            ),
            (REVISIONS,),
            essential=False,
        ),
    ),
)

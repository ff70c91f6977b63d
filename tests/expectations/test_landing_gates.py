"""Every landing gate is shown the good frame and, for each expectation, a twin broken in that one way."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from expectations.gate import Expect, judge
from expectations.landing import LANDING
from pipelines.border import table_of
from pipelines.sources import SOURCES
from pipelines.sources.spec import Stream
from tests.expectations.twins import judged_of, named, twins

ROWS = 12
STREAMS = {(source.name, stream.name): stream for source in SOURCES.values() for stream in source.streams}
RULES = [(key, rule) for key, gate in LANDING.items() for rule in gate.expectations]


def moment(number: int) -> datetime:
    return datetime(2019, 3, 1, 12, tzinfo=UTC) + timedelta(days=number)


def person(number: int) -> str:
    return f"{number:032x}"


def bug(number: int) -> dict[str, Any]:
    return {
        "id": 100 + number, "creator": person(number), "creator_class": "other",
        "creation_time": moment(number), "last_change_time": moment(number + 2), "product": "Toolkit",
        "component": "General", "type": "defect", "status": "NEW", "comment_count": 2,
    }  # fmt: skip


def change(number: int) -> dict[str, Any]:
    return {
        "bug_id": 100, "change": person(number), "when": moment(number), "who": person(number),
        "field_name": "assigned_to", "removed": person(30), "added": person(number),
        "removed_class": "mozilla", "added_class": "other",
    }  # fmt: skip


def comment(number: int) -> dict[str, Any]:
    return {
        "id": number, "bug_id": 100, "count": number, "creator": person(number),
        "creation_time": moment(number), "has_own_text": True, "is_private": False,
    }  # fmt: skip


def attachment(number: int) -> dict[str, Any]:
    return {
        "id": number, "bug_id": 100, "creator": person(number), "creation_time": moment(number),
        "content_type": "text/plain", "is_patch": False,
    }  # fmt: skip


def bugzilla_user(number: int) -> dict[str, Any]:
    return {"account": person(number), "login": person(50 + number), "login_class": "other"}


def flag_event(number: int) -> dict[str, Any]:
    return {
        "id": number, "flag_id": 7, "bug_id": 100, "flag_type": "needinfo", "status": "?",
        "setter": person(number), "setter_id": person(50 + number), "creation_time": moment(number),
    }  # fmt: skip


def product(number: int) -> dict[str, Any]:
    return {"id": number, "name": f"Product {number}", "is_active": True}


def component(number: int) -> dict[str, Any]:
    return {"id": number, "product_id": 1, "product": "Toolkit", "name": f"Part {number}", "is_active": True}


def bugzilla_login(number: int) -> dict[str, Any]:
    return {"login": person(number), "mail_address": person(20 + number), "local_name": person(40 + number)}


def translator(number: int) -> dict[str, Any]:
    return {"account": person(number), "local_name": person(40 + number)}


def locale(number: int) -> dict[str, Any]:
    return {
        "code": f"x{'abcdefghijklmnop'[number]}-XX", "name": "Invented", "direction": "ltr",
        "population": 1000, "total_strings": 100, "approved_strings": 40,
    }  # fmt: skip


def project(number: int) -> dict[str, Any]:
    return {
        "slug": f"project-{number}", "name": "Invented", "visibility": "public", "system_project": False,
        "total_strings": 100, "approved_strings": 40,
    }  # fmt: skip


def locale_snapshot(number: int) -> dict[str, Any]:
    return {
        "code": f"x{'abcdefghijklmnop'[number]}-XX", "seen_on": moment(number).date(), "missing_strings": 60,
        "pretranslated_strings": 2,
    }  # fmt: skip


def project_snapshot(number: int) -> dict[str, Any]:
    return {
        "slug": f"project-{number}", "seen_on": moment(number).date(), "missing_strings": 60,
        "pretranslated_strings": 2,
    }  # fmt: skip


def topic(number: int) -> dict[str, Any]:
    return {
        "id": number, "tags": ["invented"], "posts_count": 3, "created_at": moment(number),
        "bumped_at": moment(number) + timedelta(hours=1),
    }  # fmt: skip


def post(number: int) -> dict[str, Any]:
    return {
        "id": number, "topic_id": number, "author": person(number), "author_id": person(number),
        "created_at": moment(number), "post_type": 1, "likes": 0,
    }  # fmt: skip


def forum_user(number: int) -> dict[str, Any]:
    return {"account": person(number), "username": person(number)}


def user_action(number: int) -> dict[str, Any]:
    return {
        "type": "translation:created", "date": moment(number), "translation": number,
        "translator": person(number), "is_system_user": False, "locale": "sl", "project": "browser",
    }  # fmt: skip


def question(number: int) -> dict[str, Any]:
    return {
        "id": number, "creator": person(number), "created": moment(number), "updated": moment(number + 2),
        "locale": "en-US", "product": "firefox", "is_spam": False, "is_solved": True,
        "solution": 7, "num_answers": 1,
    }  # fmt: skip


def answer(number: int) -> dict[str, Any]:
    return {
        "id": number, "question_id": 1, "creator": person(number), "created": moment(number),
        "updated": moment(number + 2), "is_spam": False, "num_helpful_votes": 0, "num_unhelpful_votes": 0,
    }  # fmt: skip


def sumo_user(number: int) -> dict[str, Any]:
    return {
        "account": person(number), "username": person(50 + number), "date_joined": moment(number),
        "is_active": True, "country": "SI",
    }  # fmt: skip


def sumo_product(number: int) -> dict[str, Any]:
    return {"slug": f"product-{number}", "title": "Invented", "visible": True}


def sumo_locale(number: int) -> dict[str, Any]:
    return {"code": f"x{'abcdefghijklmnop'[number]}", "name": "Invented", "aaq_enabled": False}


def revision(number: int) -> dict[str, Any]:
    return {
        "id": number, "document": "set-up", "locale": "de", "creator": person(number),
        "created": moment(number),
    }  # fmt: skip


def rep(number: int) -> dict[str, Any]:
    return {
        "account": person(number), "country": "Slovenia", "date_joined_program": date(2012, 1, 1),
        "date_left_program": date(2014, 1, 1), "groups": ["Rep"],
    }  # fmt: skip


def event(number: int) -> dict[str, Any]:
    return {
        "id": number, "owner": person(number), "start": moment(number), "end": moment(number + 2),
        "country": "Slovenia",
    }  # fmt: skip


def activity(number: int) -> dict[str, Any]:
    return {
        "id": number, "reporter": person(number), "activity": "Gave a talk", "report_date": date(2014, 1, 1),
        "passive_report": False,
    }  # fmt: skip


def account_of(number: int) -> dict[str, Any]:
    return {"source": "sumo", "account": person(number)}


def term(number: int) -> dict[str, Any]:
    return {"valid_from": moment(number).date(), "valid_to": moment(number + 9).date()}


def affiliation(number: int) -> dict[str, Any]:
    return {**account_of(number), "affiliation": "staff", **term(number)}


def role(number: int) -> dict[str, Any]:
    scope = {"role": "reviewer", "scope_type": "locale", "scope": "sl", "is_start_known": True}
    return {**account_of(number), **scope, **term(number)}


def goal(number: int) -> dict[str, Any]:
    return {
        "goal": f"goal-{number}", "title": "Invented", "topic_area": "activity", "metric": "contributions",
        "grain": "month", "population": "community", "area": "support", "baseline": 1.0, "target": 2.0,
        "starts_on": date(2019, 1, 1), "due_on": date(2020, 1, 1), "version_on": date(2019, 1, 1),
    }  # fmt: skip


def thanks(number: int) -> dict[str, Any]:
    return {**account_of(number), "recognition": "thanks", "area": "code", "given_on": moment(number).date()}


def means(number: int) -> dict[str, Any]:
    return {
        "resource": f"budget-{number}", "region": "southern_europe", "country": "SI", "amount": 10.0,
        "unit": "USD", "starts_on": date(2019, 1, 1), "ends_on": date(2020, 1, 1),
    }  # fmt: skip


def same_person(number: int) -> dict[str, Any]:
    return {
        "source_1": "sumo", "account_1": person(number), "source_2": "reps", "account_2": person(90 + number),
        "decision": "same", "decided_on": moment(number).date(),
    }  # fmt: skip


def outcome(number: int) -> dict[str, Any]:
    return {"event_id": number, "metric": "attendees", "expected": 20.0, "outcome": 12.0}


def away(number: int) -> dict[str, Any]:
    return {**account_of(number), **term(number)}


def wave(number: int) -> dict[str, Any]:
    return {"wave": f"wave-{number}", "starts_on": date(2019, 1, 1), "ends_on": date(2019, 2, 1)}


def invitation(number: int) -> dict[str, Any]:
    return {"wave": "one", "respondent": person(number), **account_of(60 + number), "is_delivered": True}


def survey_answer(number: int) -> dict[str, Any]:
    return {
        "wave": "one", "respondent": person(number), "account": person(60 + number), "attribute": "gender",
        "attribute_value": "woman", "is_complete": True,
    }  # fmt: skip


GOOD = {
    ("bugzilla", "bugs"): bug,
    ("bugzilla", "changes"): change,
    ("bugzilla", "comments"): comment,
    ("bugzilla", "attachments"): attachment,
    ("bugzilla", "users"): bugzilla_user,
    ("bugzilla", "flag_activity"): flag_event,
    ("bugzilla", "products"): product,
    ("bugzilla", "components"): component,
    ("bugzilla", "logins"): bugzilla_login,
    ("pontoon", "locales"): locale,
    ("pontoon", "projects"): project,
    ("pontoon", "locale_snapshots"): locale_snapshot,
    ("pontoon", "project_snapshots"): project_snapshot,
    ("pontoon", "user_actions"): user_action,
    ("pontoon", "users"): translator,
    ("sumo", "questions"): question,
    ("sumo", "answers"): answer,
    ("sumo", "users"): sumo_user,
    ("sumo", "products"): sumo_product,
    ("sumo", "locales"): sumo_locale,
    ("sumo", "revisions"): revision,
    ("discourse", "topics"): topic,
    ("discourse", "posts"): post,
    ("discourse", "users"): forum_user,
    ("reps", "people"): rep,
    ("reps", "events"): event,
    ("reps", "activities"): activity,
    ("curated", "affiliation"): affiliation,
    ("curated", "roles"): role,
    ("curated", "goals"): goal,
    ("curated", "recognition"): thanks,
    ("curated", "resources"): means,
    ("curated", "identity"): same_person,
    ("curated", "outcomes"): outcome,
    ("curated", "unavailable"): away,
    ("survey", "waves"): wave,
    ("survey", "invitations"): invitation,
    ("survey", "answers"): survey_answer,
}


def frame_of(stream: Stream, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The frame that landing shows to the gate: same types, same nulls."""
    whole = [dict.fromkeys(stream.keep) | row for row in rows]
    columns = {name: pa.array([row[name] for row in whole], kept.type) for name, kept in stream.keep.items()}
    return table_of(stream, columns, "batch", moment(0)).to_pandas()


def good(key: tuple[str, str]) -> pd.DataFrame:
    return frame_of(STREAMS[key], [GOOD[key](number) for number in range(ROWS)])


def test_every_stream_has_its_gate() -> None:
    assert set(LANDING) == set(STREAMS)


@pytest.mark.parametrize("key", LANDING, ids="/".join)
def test_a_good_batch_passes_without_a_word(key: tuple[str, str]) -> None:
    verdict = judge(LANDING[key], good(key))
    assert verdict.accepted
    assert verdict.sentences() == ()
    assert verdict.checked == len(LANDING[key].expectations)


@pytest.mark.parametrize(
    ("key", "rule"), RULES, ids=lambda value: getattr(value, "rule", None) or "/".join(value)
)
def test_each_expectation_sees_its_broken_twin(key: tuple[str, str], rule: Expect) -> None:
    seen = judged_of(LANDING[key], twins(good(key), rule), rule)
    assert seen[-1] == (named(rule),)


@pytest.mark.parametrize("key", LANDING, ids="/".join)
def test_an_empty_field_in_every_optional_place_is_a_warning_at_most(key: tuple[str, str]) -> None:
    """Recorded and old records lack what the interface has since: such a batch still lands."""
    stream, decides = STREAMS[key], {"is_system_user"}
    kept = {name for name, field in stream.keep.items() if field.required} | decides
    rows = [
        {name: value for name, value in GOOD[key](number).items() if name in kept} for number in range(ROWS)
    ]
    verdict = judge(LANDING[key], frame_of(stream, rows))
    assert verdict.failures == ()


def test_one_odd_record_in_a_large_batch_does_not_stop_its_source() -> None:
    rows = [bug(number) for number in range(ROWS)]
    rows[0]["creation_time"] = datetime(1997, 1, 1, tzinfo=UTC)
    assert judge(LANDING["bugzilla", "bugs"], frame_of(STREAMS["bugzilla", "bugs"], rows)).accepted


def test_pacific_stamps_that_say_utc_are_reported_and_not_refused() -> None:
    rows = [question(number) for number in range(ROWS)]
    for row in rows:
        row["updated"] = row["created"] - timedelta(hours=7)
    verdict = judge(LANDING["sumo", "questions"], frame_of(STREAMS["sumo", "questions"], rows))
    assert verdict.accepted
    assert len(verdict.warnings) == 1


def test_a_login_that_was_not_hashed_is_refused_and_not_repeated() -> None:
    rows = [answer(number) for number in range(ROWS)]
    rows[3]["creator"] = "ada@example.org"
    verdict = judge(LANDING["sumo", "answers"], frame_of(STREAMS["sumo", "answers"], rows))
    assert not verdict.accepted
    assert "1 of 12 otherwise" in verdict.sentences()[0]
    assert "ada" not in " ".join(verdict.sentences())

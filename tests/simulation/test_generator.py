"""The generated community: same seed same world, hard cases in it, truths that follow from the records."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.simulation.generator import SCALES, Truth, build, generate, write_truth
from pipelines.simulation.generator.people import (
    LONELY_LOCALE,
    SMALL_COUNTRY,
    SMALL_COUNTRY_PEOPLE,
    make_people,
)
from pipelines.simulation.generator.truth import SCHEMAS
from pipelines.simulation.world import World

PEOPLE_COLUMNS = ["account", "event_type", "occurred_at", "object"]


def acts(truth: Truth, *events: str) -> set[tuple[int, str, datetime, int]]:
    """Contributions of these event types as comparable rows."""
    frame = truth.contributions.to_pandas()
    frame = frame[frame.event_type.isin(events)]
    return {tuple(row) for row in frame[PEOPLE_COLUMNS].itertuples(index=False)}


def accounts(truth: Truth, source: str, by: str) -> dict[Any, int]:
    """Native name or id -> account, people only."""
    frame = truth.accounts.to_pandas()
    frame = frame[(frame.source == source) & ~frame.is_bot]
    return dict(zip(frame[by], frame.account, strict=True))


def at(stamp: str) -> pd.Timestamp:
    return pd.Timestamp(stamp)


# --- The same, every time ----------------------------------------------------------------------------


def canonical(world: World) -> str:
    days = {f"{slug} {day}": rows for (slug, day), rows in world.pontoon.actions.items()}
    parts = (
        world.bugzilla,
        world.pontoon.locales,
        world.pontoon.projects,
        days,
        vars(world.sumo),
        vars(world.reps),
    )
    return json.dumps(parts)


def test_the_same_seed_gives_the_same_world_and_truth(world: World, truth: Truth) -> None:
    again, true_again = generate("small", 1)
    assert canonical(again) == canonical(world)
    assert again.kept == world.kept
    assert true_again == truth


def test_another_seed_gives_another_community_of_any_size() -> None:
    tiny = replace(
        SCALES["small"], name="tiny", since=datetime(2026, 4, 1, tzinfo=UTC), contributors=60, askers=20
    )
    one, other = build(tiny, 1)[0], build(tiny, 2)[0]
    assert canonical(one) != canonical(other)
    assert min(row["created"] for row in one.sumo.questions) >= "2026-04-01"


def test_an_unknown_scale_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"planet.*small"):
        generate("planet", 1)


def test_the_clock_is_late_enough_to_close_every_quarter(world: World) -> None:
    scale = SCALES["small"]
    last_day = max(day for _, day in world.pontoon.actions)
    assert (scale.clock - datetime.combine(last_day, datetime.min.time(), UTC)).total_seconds() >= 30 * 3600
    assert (scale.clock - datetime(2026, 7, 1, tzinfo=UTC)).days >= 7


def test_truths_are_written_as_parquet(truth: Truth, tmp_path: Path) -> None:
    write_truth(truth, tmp_path)
    assert pq.read_table(tmp_path / "truth" / "contributions.parquet") == truth.contributions
    assert {path.stem for path in (tmp_path / "truth").iterdir()} == {*SCHEMAS, *truth.kept}


# --- Truths, recomputed from the records in another way ------------------------------------------------


def test_answers_that_count_follow_from_the_records(world: World, truth: Truth) -> None:
    known = accounts(truth, "sumo", "username")
    askers = {q["id"]: (q["creator"] or {}).get("username") for q in world.sumo.questions}
    expected = {
        (known[answer["creator"]["username"]], "answer_posted", at(answer["created"]), answer["id"])
        for answer in world.sumo.answers
        if answer["creator"]
        and not answer["is_spam"]
        and answer["creator"]["username"] != askers[answer["question"]]
    }
    assert acts(truth, "answer_posted") == expected


def test_first_responses_follow_from_the_records(world: World, truth: Truth) -> None:
    answers = pd.DataFrame(
        {"question": a["question"], "author": (a["creator"] or {}).get("username"), "at": at(a["created"])}
        for a in world.sumo.answers
        if not a["is_spam"]
    ).dropna()
    questions = pd.DataFrame(
        {"question": q["id"], "asker": (q["creator"] or {}).get("username")} for q in world.sumo.questions
    )
    joined = answers.merge(questions, on="question")
    first = joined[joined.author != joined.asker].groupby("question")["at"].min()
    told = truth.questions.to_pandas().set_index("question").first_response_at
    assert len(told) == len(questions)
    pd.testing.assert_series_equal(
        told.dropna().sort_index(), first.sort_index(), check_names=False, check_dtype=False
    )


def test_translations_that_count_follow_from_the_records(world: World, truth: Truth) -> None:
    known = accounts(truth, "pontoon", "native_id")
    systems = {project["slug"] for project in world.pontoon.projects if project["system_project"]}
    expected = {
        (
            known[row["user"]["pk"]],
            "translation_created" if row["type"] == "translation:created" else "translation_reviewed",
            at(row["date"]),
            row["translation"]["pk"],
        )
        for (slug, _), rows in world.pontoon.actions.items()
        for row in rows
        if not row["user"]["system_user"] and not row["is_implicit_action"]
        if slug not in systems or row["type"] != "translation:created"
    }
    assert acts(truth, "translation_created", "translation_reviewed") == expected


def test_reviews_by_others_follow_from_the_records(world: World, truth: Truth) -> None:
    rows = [row for rows in world.pontoon.actions.values() for row in rows]
    author = {
        row["translation"]["pk"]: row["user"]["pk"] for row in rows if row["type"] == "translation:created"
    }
    known = accounts(truth, "pontoon", "native_id")
    for review in truth.reviews.to_pylist():
        wrote = author.get(review["translation"])
        assert review["by_other"] == (None if wrote is None else known.get(wrote) != review["reviewer"])


def test_what_counts_on_bugs_follows_from_the_records(world: World, truth: Truth) -> None:
    known = accounts(truth, "bugzilla", "username")
    found: set[tuple[int | None, str, pd.Timestamp, int]] = set()
    for bug in world.bugzilla:
        number, reporter = bug["id"], bug["creator"]
        found.add((known.get(reporter), "bug_filed", at(bug["creation_time"]), number))
        for comment in bug["comments"][1:]:
            if comment["raw_text"] and comment["creator"] != reporter:
                found.add(
                    (known.get(comment["creator"]), "bug_comment", at(comment["creation_time"]), number)
                )
        for attachment in bug["attachments"]:
            if attachment["is_patch"] or attachment["content_type"] == "text/x-phabricator-request":
                found.add(
                    (
                        known.get(attachment["creator"]),
                        "patch_attached",
                        at(attachment["creation_time"]),
                        number,
                    )
                )
        found |= from_history(bug, known)
    events = {event for _, event, _, _ in found}
    assert acts(truth, *events) == {row for row in found if row[0] is not None}


def from_history(
    bug: dict[str, Any], known: dict[Any, int]
) -> set[tuple[int | None, str, pd.Timestamp, int]]:
    """Catalogue 0.2 read off a bug's history, following its assignee backwards from the present one."""
    sorting = {"severity", "priority", "type", "product", "component", "keywords", "regressed_by"}
    found, fixed = set(), set()
    moves = [c for entry in bug["history"] for c in entry["changes"] if c["field_name"] == "assigned_to"]
    assignee = moves[0]["removed"] if moves else bug["assigned_to"]
    for entry in bug["history"]:
        who, when = entry["who"], at(entry["when"])
        for change in entry["changes"]:
            name, old, new = change["field_name"], change["removed"], change["added"]
            if name == "assigned_to":
                assignee = new
            if who != bug["creator"] and (name in sorting or (name == "status" and old == "UNCONFIRMED")):
                found.add((known.get(who), "bug_field_change", when, bug["id"]))
            if name == "flagtypes.name" and who in re.findall(r"needinfo\?\(([^)]*)\)", old):
                found.add((known.get(who), "needinfo_answered", when, bug["id"]))
            if name == "status" and new == "VERIFIED":
                found.add((known.get(who), "bug_verified", when, bug["id"]))
            if name == "resolution" and new == "DUPLICATE":
                found.add((known.get(who), "duplicate_found", when, bug["id"]))
            if name == "resolution" and new == "FIXED" and assignee not in fixed:
                fixed.add(assignee)
                found.add((known.get(assignee), "bug_fixed", when, bug["id"]))
    return found


def test_reports_and_events_that_count_follow_from_the_records(world: World, truth: Truth) -> None:
    known = accounts(truth, "reps", "native_id")

    def number(linked: dict[str, Any]) -> int:
        return int(linked["_url"].split("/")[-2])

    clock = world.now["reps"]
    reports = {
        (known[number(row["user"])], "reps_report", at(row["report_date"] + "T00:00:00Z"), number(row))
        for row in world.reps.activities
        if not row["passive_report"]
    }
    events = {
        (known[number(row["owner"])], "reps_event_organized", at(row["start"]), number(row))
        for row in world.reps.events
        if at(row["start"]) < clock
    }
    assert acts(truth, "reps_report") == reports
    assert acts(truth, "reps_event_organized") == events


# --- The hard cases are there -------------------------------------------------------------------------


def test_declared_countries_are_what_profiles_show(world: World, truth: Truth) -> None:
    frame = truth.accounts.to_pandas()
    shown = {user["id"]: user["country"] for user in world.sumo.users}
    sumo = frame[(frame.source == "sumo") & frame.is_visible]
    assert dict(zip(sumo.native_id, sumo.declared_country, strict=True)) == shown
    assert sum(country is None for country in shown.values()) > 50


def test_somebody_without_a_country_looks_like_one(world: World) -> None:
    hints = [
        u
        for u in world.sumo.users
        if not u["country"] and u["timezone"] != "US/Pacific" and u["locale"] != "en-US"
    ]
    assert hints


def test_one_country_has_three_people_and_one_locale_a_single_one(world: World, truth: Truth) -> None:
    people = truth.people.to_pandas()
    assert (people.country == SMALL_COUNTRY.code).sum() == SMALL_COUNTRY_PEOPLE
    assert sum(user["country"] == SMALL_COUNTRY.code for user in world.sumo.users) == SMALL_COUNTRY_PEOPLE
    rows = [row for rows in world.pontoon.actions.values() for row in rows]
    lonely = {
        row["user"]["pk"]
        for row in rows
        if row["locale"]["code"] == LONELY_LOCALE and not row["user"]["system_user"]
    }
    assert len(lonely) == 1


def test_people_are_in_several_systems_under_different_names(truth: Truth) -> None:
    frame = truth.accounts.to_pandas().dropna(subset=["person"])
    per_person = frame.groupby("person")
    assert per_person.source.nunique().max() == 4
    assert (per_person.size() > per_person.source.nunique()).any()
    several = per_person.filter(lambda own: own.source.nunique() > 1).groupby("person").username
    assert 0.6 < (several.nunique() > 1).mean() < 0.95


def test_some_names_belong_to_two_people_and_some_user_names_are_addresses(truth: Truth) -> None:
    frame = truth.accounts.to_pandas().dropna(subset=["person"])
    names = [one.name for one in make_people(SCALES["small"], 1).people if one.kind == "contributor"]
    assert len(set(names)) < len(names)
    helpers = frame[frame["source"] == "sumo"]
    addresses = set(helpers.loc[helpers["username"].str.contains("@"), "username"])
    assert addresses & set(frame.loc[frame["source"] == "bugzilla", "username"])


def test_more_questions_and_answers_than_a_page_holds_share_one_updated(world: World) -> None:
    for rows in (world.sumo.questions, world.sumo.answers):
        assert Counter(row["updated"] for row in rows).most_common(1)[0][1] > 20


def test_the_support_forum_has_its_hard_cases(world: World) -> None:
    questions, answers = world.sumo.questions, world.sumo.answers
    asker = {q["id"]: (q["creator"] or {}).get("username") for q in questions}
    assert any(a["creator"] and a["creator"]["username"] == asker[a["question"]] for a in answers)
    assert any(a["is_spam"] for a in answers)
    assert any(q["is_spam"] for q in questions)
    assert any(a["creator"] is None for a in answers)
    assert any(
        q["creator"] is None and q["is_locked"] and len(q["answers"]) > q["num_answers"] for q in questions
    )
    assert any(not q["answers"] for q in questions)
    assert any("." not in q["created"] for q in questions)
    assert all(a["updated"] > a["created"] for a in answers)


def test_the_feed_of_translations_has_its_hard_cases(world: World) -> None:
    days = list(world.pontoon.actions.values())
    rows = [row for rows in days for row in rows]
    keys = [(row["type"], row["date"], row["translation"]["pk"]) for row in rows]
    assert len(keys) == len(set(keys))
    created = {row["translation"]["pk"]: row for row in rows if row["type"] == "translation:created"}
    implicit = [row for row in rows if row["is_implicit_action"] and row["type"] == "translation:approved"]
    gaps = [
        (at(row["date"]) - at(created[row["translation"]["pk"]]["date"])).total_seconds() for row in implicit
    ]
    assert gaps
    assert all(0 < gap < 0.01 for gap in gaps)
    assert any(row["translation"]["pk"] not in created for row in rows)
    assert any("." not in row["date"] for row in rows)
    assert any([row["date"] for row in rows] != sorted(row["date"] for row in rows) for rows in days)
    assert max(Counter(row["date"] for row in rows).values()) >= 15
    assert any(row["user"]["name"] == "Deleted User" for row in rows)
    worked = {slug for slug, _ in world.pontoon.actions}
    assert {
        project["slug"] for project in world.pontoon.projects if project["visibility"] == "public"
    } == worked


def test_bugs_have_their_hard_cases(world: World, truth: Truth) -> None:
    changes = [
        (bug, entry, change)
        for bug in world.bugzilla
        for entry in bug["history"]
        for change in entry["changes"]
    ]
    cleared = [
        (e["who"], c["removed"])
        for _, e, c in changes
        if c["field_name"] == "flagtypes.name" and c["removed"]
    ]
    assert any(who in removed for who, removed in cleared)
    assert any(who not in removed for who, removed in cleared)
    assert any(c["added"].count("needinfo?") > 1 for _, _, c in changes)
    assert any("qe-verify+, needinfo?" in c["added"] for _, _, c in changes)
    assert any(e["who"] == b["creator"] and c["field_name"] == "type" for b, e, c in changes)
    fixes = Counter(
        b["id"] for b, _, c in changes if c["field_name"] == "resolution" and c["added"] == "FIXED"
    )
    assert max(fixes.values()) >= 2
    assert any(
        bug["resolution"] == "FIXED" and bug["assigned_to"] == "nobody@mozilla.org" for bug in world.bugzilla
    )
    assert {"DUPLICATE", "FIXED"} <= {bug["resolution"] for bug in world.bugzilla}
    assert any(bug["status"] == "VERIFIED" for bug in world.bugzilla)
    assert any(
        a["is_patch"] == 0 and a["content_type"] == "text/x-phabricator-request"
        for b in world.bugzilla
        for a in b["attachments"]
    )
    assert any(not comment["raw_text"] for bug in world.bugzilla for comment in bug["comments"])
    logins = {
        account["username"] for account in truth.accounts.to_pylist() if account["source"] == "bugzilla"
    }
    assert {login.rpartition("@")[2] for login in logins} >= {"mozilla.com", "mozilla.tld", "disabled.tld"}


def test_every_event_has_two_automatic_reports_of_its_owner(world: World) -> None:
    made = Counter(
        row["event"]["_url"]
        for row in world.reps.activities
        if row["passive_report"]
        and row["user"] == next(e["owner"] for e in world.reps.events if e["_url"] == row["event"]["_url"])
    )
    assert all(made[event["_url"]] == 2 for event in world.reps.events)


def test_addresses_are_in_reserved_or_staff_domains(world: World) -> None:
    logins = {bug["creator"] for bug in world.bugzilla} | {
        c["creator"] for b in world.bugzilla for c in b["comments"]
    }
    allowed = {
        "example.org",
        "example.com",
        "mail.example.net",
        "testing.example.com",
        "mozilla.com",
        "mozilla.tld",
        "bmo.tld",
        "disabled.tld",
    }
    assert {login.rpartition("@")[2] for login in logins} <= allowed


def test_enough_people_are_active_each_month_for_small_groups_to_survive(truth: Truth) -> None:
    frame = truth.contributions.to_pandas().merge(
        truth.accounts.to_pandas()[["account", "declared_country"]], on="account"
    )
    frame["month"] = frame.occurred_at.dt.strftime("%Y-%m")
    by_country = (
        frame.dropna(subset=["declared_country"]).groupby(["month", "declared_country"]).account.nunique()
    )
    by_locale = frame[frame.source == "pontoon"].groupby(["month", "locale"]).account.nunique()
    assert (by_country.groupby("declared_country").median() >= 5).sum() >= 3
    assert (by_locale.groupby("locale").median() >= 5).sum() >= 5
    assert (by_locale.groupby("locale").median() >= 10).sum() >= 1

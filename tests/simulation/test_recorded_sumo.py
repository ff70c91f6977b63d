"""Recorded SUMO: zones, days recorded twice, moved questions, days of 11 and of 27 columns."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.privacy import pseudonymiser
from pipelines.simulation.recorded import read_world
from pipelines.simulation.recorded.sumo import CONFLICTING, MOVED, REPEATED, TWO_ZONES
from pipelines.simulation.world import World
from pipelines.sources.sumo import QUESTIONS, question_rows
from tests.simulation.conftest import Load
from tests.simulation.invented_sets import answers, questions
from tests.simulation.shapes import lacking, unknown


def stamps(day: str, clock: str, zone: str) -> dict[str, str]:
    return {"source_day": day, "created": f"{day} {clock} {zone}", "updated": f"{day} {clock} {zone}"}


def only(directory: Path) -> dict[str, Any]:
    (question,) = read_world(directory).sumo.questions
    return question


@pytest.mark.parametrize(
    ("day", "instant"), [("2023-07-04", "2023-07-04T17:00:00Z"), ("2023-01-04", "2023-01-04T18:00:00Z")]
)
def test_pacific_time_labelled_utc_is_seven_or_eight_hours_late(
    tmp_path: Path, day: str, instant: str
) -> None:
    questions(tmp_path, "thunderbird", stamps(day, "10:00:00", "+0000"))
    answers(tmp_path, stamps(day, "10:00:00", "+0000"))
    world = read_world(tmp_path).sumo
    assert world.questions[0]["created"] == world.answers[0]["created"] == instant


def test_a_stamp_of_after_the_switch_is_utc_whatever_day_its_question_is_of(tmp_path: Path) -> None:
    updated = {"updated": "2023-12-24 10:00:00 +0000"}
    questions(tmp_path, "thunderbird", {**stamps("2023-11-20", "10:00:00", "+0000"), **updated})
    answers(tmp_path, {"source_day": "2023-11-20", "created": "2023-12-24 10:00:00 +0000", **updated})
    world = read_world(tmp_path).sumo
    assert world.questions[0]["created"] == "2023-11-20T18:00:00Z"
    assert world.questions[0]["updated"] == world.answers[0]["created"] == "2023-12-24T10:00:00Z"


def test_the_morning_of_the_switch_is_still_pacific(tmp_path: Path) -> None:
    questions(
        tmp_path,
        "thunderbird",
        {"id": "1", **stamps("2023-11-28", "08:00:50", "+0000")},
        {"id": "2", **stamps("2023-11-28", "20:44:11", "+0000")},
    )
    created = [one["created"] for one in read_world(tmp_path).sumo.questions]
    assert created == ["2023-11-28T16:00:50Z", "2023-11-28T20:44:11Z"]


def test_firefox_stamps_carry_their_offset(tmp_path: Path) -> None:
    questions(tmp_path, "firefox", stamps("2021-01-01", "14:40:25", "-0800"))
    assert only(tmp_path)["created"] == "2021-01-01T22:40:25Z"


@pytest.mark.parametrize(("offset", "instant"), [("-0700", "08:30:00Z"), ("-0800", "09:30:00Z")])
def test_the_offset_tells_the_passes_of_the_hour_that_comes_twice(
    tmp_path: Path, offset: str, instant: str
) -> None:
    questions(tmp_path, "firefox", stamps("2021-11-07", "01:30:00", offset))
    assert only(tmp_path)["created"] == f"2021-11-07T{instant}"


def test_the_first_firefox_day_says_winter_in_summer_and_z_after_the_same_clock(tmp_path: Path) -> None:
    first = {
        "source_day": "2020-10-11",
        "created": "2020-10-11 15:53:25 -0800",
        "updated": "2020-10-11T15:53:25Z",
    }
    questions(tmp_path, "firefox", first)
    question = only(tmp_path)
    assert question["created"] == question["updated"] == "2020-10-11T22:53:25Z"


def test_the_firefox_day_of_the_switch_was_converted_once_too_often(tmp_path: Path) -> None:
    before = {
        "source_day": "2023-11-28",
        "created": "2023-11-27 23:26:02 -0800",
        "updated": "2023-11-28 01:20:33 -0800",
    }
    after = {
        "source_day": "2023-11-28",
        "created": "2023-11-28 12:48:45 -0800",
        "updated": "2023-11-28 12:54:53 -0800",
    }
    questions(tmp_path, "firefox", {"id": "1", **before}, {"id": "2", **after})
    first, second = read_world(tmp_path).sumo.questions
    assert (first["created"], first["updated"]) == ("2023-11-28T15:26:02Z", "2023-11-28T17:20:33Z")
    assert (second["created"], second["updated"]) == ("2023-11-28T20:48:45Z", "2023-11-28T20:54:53Z")


def test_conflicting_duplicates_of_the_day_recorded_twice_are_one_instant(tmp_path: Path) -> None:
    def row(number: str, day: str, created: str, updated: str, topic: str) -> dict[str, str]:
        times = {"created": f"{created} +0000", "updated": f"{updated} +0000"}
        return {"id": number, "source_day": day, "topic": topic, **times}

    questions(
        tmp_path,
        "thunderbird",
        row("1", "2023-04-11", "2023-04-11 18:40:43", "2023-04-16 07:25:44", "new name"),
        row("2", "2023-04-12", "2023-04-12 01:16:30", "2023-04-12 01:16:30", "new name"),
        row("1", "2023-04-12", "2023-04-12 01:40:43", "2023-04-16 14:25:44", "old name"),
        row("2", "2023-04-12", "2023-04-12 08:16:30", "2023-04-12 08:16:30", "old name"),
        row("3", "2023-04-12", "2023-04-12 09:00:00", "2023-04-12 09:00:00", "old name"),
    )
    world = read_world(tmp_path)
    assert [(one["created"], one["updated"]) for one in world.sumo.questions] == [
        ("2023-04-12T01:40:43Z", "2023-04-16T14:25:44Z"),
        ("2023-04-12T08:16:30Z", "2023-04-12T08:16:30Z"),
        ("2023-04-12T09:00:00Z", "2023-04-12T09:00:00Z"),
    ]
    assert [one["topic"] for one in world.sumo.questions[:2]] == ["new name", "new name"]
    assert [(one.reason, one.records) for one in world.set_aside] == [(TWO_ZONES, 2)]


def test_an_answer_to_the_day_recorded_twice_does_not_come_before_its_question(tmp_path: Path) -> None:
    questions(tmp_path, "thunderbird", stamps("2023-04-12", "17:30:00", "+0000"))
    answers(tmp_path, stamps("2023-04-12", "10:45:00", "+0000"))
    world = read_world(tmp_path).sumo
    assert world.answers[0]["created"] == "2023-04-12T17:45:00Z"
    assert world.questions[0]["created"] == "2023-04-12T17:30:00Z"


def test_a_question_moved_between_products_is_one_question_as_last_seen(tmp_path: Path) -> None:
    questions(
        tmp_path, "firefox", {"created": "2024-02-01 02:00:00 -0800", "updated": "2024-02-01 02:00:00 -0800"}
    )
    questions(tmp_path, "thunderbird", {})
    world = read_world(tmp_path)
    assert [one["product"] for one in world.sumo.questions] == ["thunderbird"]
    assert [(one.input_set, one.reason, one.records) for one in world.set_aside] == [
        ("firefox_questions_2024.csv.gz", MOVED, 1)
    ]


def test_a_question_moved_back_is_served_from_the_later_update(tmp_path: Path) -> None:
    questions(
        tmp_path, "firefox", {"created": "2024-02-01 02:00:00 -0800", "updated": "2024-02-03 02:00:00 -0800"}
    )
    questions(tmp_path, "thunderbird", {})
    assert only(tmp_path)["product"] == "firefox"


def test_rows_repeated_in_neighbouring_files_are_one_record(tmp_path: Path) -> None:
    questions(tmp_path, "firefox", {}, {}, {"id": "2"})
    questions(tmp_path, "firefox", {"id": "2"}, year="2025_q1")
    answers(tmp_path, {}, {})
    world = read_world(tmp_path)
    assert (len(world.sumo.questions), len(world.sumo.answers)) == (2, 1)
    assert {one.reason for one in world.set_aside} == {REPEATED}
    assert sum(one.records for one in world.set_aside) == 3


def test_an_id_with_other_times_is_told_apart_from_a_repeat(tmp_path: Path) -> None:
    questions(
        tmp_path,
        "firefox",
        {},
        {"created": "2024-02-01 09:00:00 -0800", "updated": "2024-02-02 09:00:00 -0800"},
    )
    assert [(one.reason, one.records) for one in read_world(tmp_path).set_aside] == [(CONFLICTING, 1)]


def test_a_day_of_11_columns_has_what_the_interface_gives_when_empty(tmp_path: Path) -> None:
    questions(tmp_path, "thunderbird", {"answers": "5;6;7;"})
    answers(tmp_path, {"id": "6"}, {"id": "7", "is_spam": "true"})
    question = only(tmp_path)
    flags = ("is_solved", "is_spam", "is_locked", "is_archived", "is_taken")
    assert [question[name] for name in flags] == [False] * 5
    nothing = ("solution", "solved_by", "taken_by", "taken_until", "updated_by")
    assert [question[name] for name in nothing] == [None] * 5
    assert (question["involved"], question["metadata"], question["content"]) == ([], [], "")
    assert (question["answers"], question["num_answers"], question["last_answer"]) == ([5, 6, 7], 2, 6)


def test_a_day_of_27_columns_has_what_was_recorded(tmp_path: Path) -> None:
    more = {
        "source_columns": "27", "is_solved": "true", "solution": "5", "solved_by": "helper1",
        "is_spam": "true", "last_answer": "5", "involved": "asker1;helper1;",
        "is_archived": "true", "is_locked": "true",
        "is_taken": "false", "num_answers": "1", "num_votes_past_week": "2", "num_votes": "3",
        "updated_by": "helper2", "answers": "5;6;",
    }  # fmt: skip
    questions(tmp_path, "thunderbird", more)
    question = only(tmp_path)
    assert (question["is_solved"], question["is_spam"], question["is_archived"], question["is_taken"]) == (
        True,
        True,
        True,
        False,
    )
    assert (question["solution"], question["num_answers"], question["last_answer"]) == (5, 1, 5)
    assert [one["username"] for one in (question["solved_by"], *question["involved"])] == [
        "helper1",
        "asker1",
        "helper1",
    ]
    assert (question["num_votes_past_week"], question["num_votes"], question["updated_by"]["username"]) == (
        2,
        3,
        "helper2",
    )


def test_html_commas_quotes_and_newlines_stay_inside_their_field(tmp_path: Path) -> None:
    title = 'He said "no, <b>never</b>",\nthen left'
    questions(tmp_path, "firefox", {"title": title}, {"id": "2"})
    assert [one["title"] for one in read_world(tmp_path).sumo.questions] == [title, "Lamp"]


@pytest.mark.parametrize("name", ["lamp@lantern.example", "@lamp"])
def test_an_address_as_user_name_is_served_as_it_is_and_hashed_at_the_border(
    tmp_path: Path, name: str
) -> None:
    questions(tmp_path, "firefox", {"creator": name})
    question = only(tmp_path)
    assert question["creator"] == {"username": name, "display_name": None, "avatar": ""}
    hash_of = pseudonymiser(b"k" * 32, "sumo")
    (row,) = question_rows(question, hash_of)
    kept = hash_of(QUESTIONS.keep["creator"].pseudonym_of or "", row["creator"])
    assert kept is not None
    assert "@" not in kept


def test_records_have_the_keys_and_types_of_the_real_interface(tmp_path: Path, recorded: Load) -> None:
    questions(
        tmp_path,
        "thunderbird",
        {"solved_by": "helper1", "solution": "5", "answers": "5;", "involved": "asker1;"},
    )
    answers(tmp_path, {})
    world = read_world(tmp_path).sumo
    real = recorded("sumo/live_api/questions_all_in_order_of_id_page_01_of_12.json")["body"]["results"]
    real += recorded("sumo/live_api/questions_filter_is_solved_true.json")["body"]["results"]
    assert unknown(real, world.questions) - {"[].updated_by"} == set()
    assert {path for path in lacking(real, world.questions) if "metadata" not in path} == set()
    real = recorded("sumo/live_api/answers_updated_ascending_page_1.json")["body"]["results"]
    assert unknown(real, world.answers) == lacking(real, world.answers) == set()


# --- The real files --------------------------------------------------------------------------------


def test_no_recorded_answer_comes_before_its_question(recorded_world: World) -> None:
    asked = {one["id"]: one["created"] for one in recorded_world.sumo.questions}
    assert [one["id"] for one in recorded_world.sumo.answers if one["created"] < asked[one["question"]]] == []


def test_nothing_recorded_is_updated_before_it_is_created(recorded_world: World) -> None:
    records = recorded_world.sumo.questions + recorded_world.sumo.answers
    assert [one["id"] for one in records if one["updated"] < one["created"]] == []


def test_recorded_observations_of_one_question_agree_about_its_times(recorded_world: World) -> None:
    assert CONFLICTING not in {one.reason for one in recorded_world.set_aside}


def test_ids_and_instants_run_in_the_same_order_over_both_products(recorded_world: World) -> None:
    """Two products, read by different rules, interleave: wrong zones would put hours between neighbours.

    Of 205,000 neighbours a few, in the hours after clocks go back, are up to one hour out of order.
    """
    for records in (recorded_world.sumo.questions, recorded_world.sumo.answers):
        latest, back = "", []
        for one in records:
            if one["created"] < latest:
                back.append((latest, one["created"]))
            latest = max(latest, one["created"])
        hours_after_a_change = {"2020-11-01", "2021-11-07", "2022-11-06", "2023-11-05", "2024-11-03"}
        by_minutes = [(a, b) for a, b in back if a[:15] != b[:15]]
        assert {b[:10] for _, b in by_minutes if b[:10] not in hours_after_a_change} == set()
        assert len(by_minutes) < 20


def test_missing_days_stay_missing(recorded_world: World) -> None:
    days = Counter(
        one["created"][:10] for one in recorded_world.sumo.questions if one["product"] == "firefox"
    )
    assert days["2020-10-12"] == days["2024-04-20"] == 0
    assert days["2020-10-13"] > 0


def test_recorded_addresses_among_user_names_are_still_there(recorded_world: World) -> None:
    names = {
        one["creator"]["username"] for one in recorded_world.sumo.questions + recorded_world.sumo.answers
    }
    assert any(name.startswith("@") for name in names)
    assert sum("@" in name[1:] and name.startswith("u") for name in names) > 10


def test_the_days_of_11_columns_inside_2024_are_read(recorded_world: World) -> None:
    days = {one["created"][:10] for one in recorded_world.sumo.questions if one["product"] == "thunderbird"}
    assert {"2024-02-26", "2024-05-08"} <= days

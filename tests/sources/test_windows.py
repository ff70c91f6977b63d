"""Flag activity is read to its end although its answers are cut, filtered afterwards, and in no order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lake import Lake
from pipelines.landing import Landing
from pipelines.sources import SOURCES
from pipelines.sources.bugzilla import FLAG_ACTIVITY, sees_too_much
from pipelines.sources.http import Client
from pipelines.sources.spec import Reread, SourceChanged, Span, Whole
from pipelines.sources.walks import DayWindows, OneList
from tests.scripted import Reply, at, scripted
from tests.sources.test_walks import NOW, Scripted

FIRST = NOW - timedelta(days=90)
WALK = DayWindows("/flags", stream="flags", at="at", few=8, widest=64, limit=100)
SPAN = Span(since=FIRST)


class Flags:
    """Events by day; the server's own maximum cuts before it leaves out what may not be seen.

    hidden: every so many rows one that nobody sees.
    """

    def __init__(self, days: list[int], maximum: int = 1_000, hidden: int = 3) -> None:
        self.events = [(number, FIRST.date() + timedelta(days=day)) for number, day in enumerate(days, 1)]
        self.maximum, self.hidden = maximum, hidden

    def visible(self) -> set[int]:
        return {number for number, _ in self.events if number % self.hidden}

    def __call__(self, _path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        after, before = date.fromisoformat(params["after"]), date.fromisoformat(params["before"])
        found = [number for number, on in self.events if after <= on <= before]
        found.sort(key=lambda number: number * 2_654_435_761 % 2**32)
        start = int(params.get("offset", 0))
        cut = found[start : start + min(int(params["limit"]), self.maximum)]
        return [{"id": number} for number in cut if number % self.hidden]


@settings(max_examples=80, deadline=None)
@given(
    days=st.lists(st.integers(0, 90), max_size=150) | st.lists(st.integers(40, 42), max_size=80),
    maximum=st.sampled_from((16, 1_000)),
)
def test_every_event_that_may_be_seen_is_met(days: list[int], maximum: int) -> None:
    flags = Flags(days, maximum)
    pages = list(WALK.pages(Scripted(flags), {}, SPAN))
    assert {row["id"] for page in pages for row in page.records} == flags.visible()
    assert pages[-1].watermark == NOW


def test_windows_lie_side_by_side_and_are_complete() -> None:
    """What is stored of a window and does not come is gone, so no window may be claimed but not read."""
    flags = Flags([day for day in range(91) for _ in range(day % 5)])
    parts = [part for page in WALK.pages(Scripted(flags), {}, SPAN) for part in page.whole]
    assert parts[0].start == at(FIRST.date().isoformat())
    assert all(one.end == following.start for one, following in pairwise(parts))
    assert parts[-1].end > NOW
    assert all(part == Whole("flags", column="at", start=part.start, end=part.end) for part in parts)


def test_few_events_cost_few_requests_and_the_next_run_asks_once() -> None:
    asker = Scripted(Flags([1, 30, 89]))
    first = list(WALK.pages(asker, {}, SPAN))
    assert len(asker.asked) == 2, "ninety days in windows of at most 64"
    asker.asked.clear()
    list(WALK.pages(asker, first[-1].cursor, SPAN))
    assert [params["after"] for _, params in asker.asked] == ["2026-06-30"], "yesterday and today again"


def test_old_windows_come_round_again_and_an_end_is_kept() -> None:
    walk = replace(WALK, rereads=(Reread("all", None, timedelta(days=1)),), part_days=30)
    asker = Scripted(Flags([1, 30, 89]))
    first = list(walk.pages(asker, {}, SPAN))
    assert first[-1].cursor["reread"]
    asker.asked.clear()
    asker.now += timedelta(days=1)
    again = list(walk.pages(asker, first[-1].cursor, SPAN))
    assert {row["id"] for page in again for row in page.records} == {1, 2}, "3 may not be seen"
    asker.asked.clear()
    list(WALK.pages(asker, {}, Span(since=FIRST, until=at("2026-04-12"))))
    assert [params["before"] for _, params in asker.asked] == ["2026-04-11"]


def test_a_time_without_a_zone_is_taken_as_utc_and_people_by_login_and_number() -> None:
    event = {
        "id": 1, "bug_id": 2, "status": "X", "type": {"name": "needinfo"},
        "creation_time": "2026-03-02 00:00:00",
        "setter": {"id": 7, "name": "ada@mozilla.com"},
    }  # fmt: skip
    (row,) = FLAG_ACTIVITY.rows(event, lambda _kind, value: value)
    assert row["creation_time"] == "2026-03-02T00:00:00Z"
    assert (row["setter"], row["setter_id"], row["setter_class"]) == ("ada@mozilla.com", 7, "mozilla")
    assert (row["requestee"], row["requestee_id"]) == (None, None)


def test_a_single_list_that_had_rows_and_is_empty_is_not_believed() -> None:
    walk = OneList("/rest/product", "products", "products")
    asker = Scripted(lambda _path, _params: {"products": []})
    with pytest.raises(SourceChanged, match="about 4 rows as before"):
        list(walk.pages(asker, {"count": 4}, Span()))


# --- Whose key it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "word"),
    [
        (["everyone", "editbugs"], None),
        ([], None),
        (["everyone", "mozilla-employee-confidential"], "mozilla-employee-confidential"),
        (["a-group-of-tomorrow"], "a-group-of-tomorrow"),
        (None, "does not tell"),
    ],
)
def test_a_key_may_be_in_no_group_that_sees_more(groups: list[str] | None, word: str | None) -> None:
    body = {"id": 1} | ({"groups": [{"name": name} for name in groups]} if groups is not None else {})
    objection = sees_too_much(body)
    assert (objection is None) if word is None else (objection is not None and word in objection)


def test_a_key_that_sees_too_much_asks_for_nothing_and_says_why(tmp_path: Path) -> None:
    source = SOURCES["bugzilla"]
    landing = Landing(Lake(tmp_path), run_id="t", gates={}, hash_key=b"0" * 16, span=Span())
    insider = {"id": 1, "groups": [{"id": 3, "name": "core-security"}]}
    with (
        scripted(lambda _path, _n: Reply(insider)) as (root, asked),
        Client(source, root, token="an invented key", user_agent="tests", paced=False) as client,
    ):
        results = [landing.feed(source, feed, client) for feed in source.feeds]
    assert set(asked) == {"/rest/whoami"}
    for result in results:
        (sentence,) = result.refused
        assert "MDM_BUGZILLA_TOKEN is not used" in sentence
        assert "core-security" in sentence
        assert "an invented key" not in sentence


def test_without_a_key_nobody_asks_whose_it_is() -> None:
    with (
        scripted(lambda _path, _n: Reply({})) as (root, asked),
        Client(SOURCES["bugzilla"], root, user_agent="tests", paced=False) as client,
    ):
        client.get("/rest/bug")
    assert asked == ["/rest/bug"]

"""Walks meet every row, also when rows move, arrive or vanish while they are being read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulation.servers.bugzilla import LISTS
from pipelines.sources.http import SourceDenied, SourceDown
from pipelines.sources.spec import (
    Answer,
    Count,
    Page,
    Reread,
    SourceChanged,
    Span,
    Walk,
    Whole,
    parse_instant,
    stamp,
)
from pipelines.sources.walks import (
    BugzillaSearch,
    ListWithDetails,
    NewestFirst,
    PagedList,
    ProjectDays,
    ValueKeyset,
)
from pipelines.sources.walks.common import numbers_of, short
from pipelines.sources.walks.keyset import Members

START = datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)


class Scripted:
    """An asker over a function; `now` is the source's clock, `asked` what was asked."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Any], now: datetime = NOW) -> None:
        self.answer, self.now, self.asked = answer, now, list[tuple[str, dict[str, Any]]]()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        self.asked.append((path, dict(params or {})))
        return Answer(self.answer(path, dict(params or {})), self.now, path)

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]:
        for path in paths:
            address, _, query = path.partition("?")
            try:
                yield path, self.get(address, dict(parse_qsl(query)))
            except (SourceDenied, SourceDown) as error:
                yield path, error


class Kitsune:
    """The question list: filters and order as the real one, 20 a page; `before_answer` may change rows.

    rows: id -> `updated`, which may move; a row's `created` is the first `updated` it was seen with.
    """

    def __init__(self, rows: dict[int, datetime]) -> None:
        self.rows = rows
        self.created = dict(rows)
        self.before_answer: Callable[[], None] = lambda: None

    def __call__(self, _path: str, params: dict[str, Any]) -> dict[str, Any]:
        self.before_answer()
        for number, when in self.rows.items():
            self.created.setdefault(number, when)
        values = {"created": self.created, "updated": self.rows}
        kept = [
            number
            for number in self.rows
            if all(self._passes(name, of[number], params) for name, of in values.items())
        ]
        order = params.get("ordering", "id").split(",")[0]
        kept.sort(key=lambda number: (values[order][number], number) if order in values else (number,))
        page = int(params.get("page", 1))
        if page > 1 and (page - 1) * 20 >= len(kept):
            raise SourceDenied(404, "Invalid page.", "/q/")
        return {
            "count": len(kept),
            "next": "more" if len(kept) > page * 20 else None,
            "results": [
                {"id": n, "updated": stamp(self.rows[n]), "created": stamp(self.created[n])}
                for n in kept[(page - 1) * 20 : page * 20]
            ],
        }

    @staticmethod
    def _passes(name: str, when: datetime, params: dict[str, Any]) -> bool:
        return (
            (f"{name}__gt" not in params or when > parse_instant(params[f"{name}__gt"]))
            and (f"{name}__lt" not in params or when < parse_instant(params[f"{name}__lt"]))
            and (name not in params or when == parse_instant(params[name]))
        )


def met(pages: Iterable[Page]) -> dict[int, str]:
    """id -> the last `updated` a walk has seen of it."""
    return {record["id"]: record["updated"] for page in pages for record in page.records}


QUESTIONS = ValueKeyset("/q/", stream="questions")
DAILY = Reread("solvable", window=timedelta(days=185), every=timedelta(days=1))

# --- SUMO: by value ---------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 40), min_size=1, max_size=130),
    moves=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 3)), max_size=25),
)
def test_no_row_is_lost_when_rows_move_during_the_walk(
    seconds: list[int], moves: list[tuple[int, int]]
) -> None:
    """Equal stamps, edits that move a row to the end, and new rows, between any two requests."""
    kitsune = Kitsune({number: START + timedelta(seconds=second) for number, second in enumerate(seconds)})
    clock, script = [START + timedelta(minutes=5)], list(moves)

    def move() -> None:
        if script:
            number, kind = script.pop()
            clock[0] += timedelta(seconds=1)
            if kind or number in kitsune.rows:
                kitsune.rows[number] = clock[0]

    kitsune.before_answer = move
    asker = Scripted(kitsune, now=clock[0])
    first = list(QUESTIONS.pages(asker, {}, Span()))
    script.clear()
    last = list(QUESTIONS.pages(asker, first[-1].cursor, Span()))
    assert met(first) | met(last) == {number: stamp(when) for number, when in kitsune.rows.items()}


def test_more_rows_of_one_instant_than_a_page_holds_are_all_met() -> None:
    kitsune = Kitsune(dict.fromkeys(range(67), START) | {100: START + timedelta(days=1)})
    assert len(met(QUESTIONS.pages(Scripted(kitsune), {}, Span()))) == 68


def test_a_walk_goes_on_from_any_cursor_it_gave() -> None:
    kitsune = Kitsune({number: START + timedelta(seconds=number // 3) for number in range(150)})
    walk = QUESTIONS
    pages = list(walk.pages(Scripted(kitsune), {}, Span()))
    for place, page in enumerate(pages):
        rest = walk.pages(Scripted(kitsune), page.cursor, Span())
        assert set(met(pages[: place + 1])) | set(met(rest)) == set(kitsune.rows)


def test_a_second_run_asks_for_one_page_only() -> None:
    kitsune = Kitsune({number: START + timedelta(seconds=number) for number in range(150)})
    walk, asker = replace(QUESTIONS, rereads=(DAILY,)), Scripted(kitsune)
    cursor = list(walk.pages(asker, {}, Span()))[-1].cursor
    asker.asked.clear()
    list(walk.pages(asker, cursor, Span()))
    assert len(asker.asked) == 2  # the probe, and the page that starts at the last row


@pytest.mark.parametrize("name", ["keyset", "days", "newest first"])
def test_a_night_that_begins_some_seconds_earlier_is_a_night(name: str) -> None:
    """Cron and a busy machine do not begin a run at the same second: 23:59:50 later is a day later."""
    accounts = newest_first({number: START + timedelta(days=number) for number in range(60)})
    walk, answer, span = {
        "keyset": (replace(QUESTIONS, rereads=(DAILY,)), Kitsune({1: NOW - timedelta(days=1)}), Span()),
        "days": (replace(DAYS, rereads=(DAILY,)), pontoon(set()), span_of_days(3)),
        "newest first": (
            NewestFirst("/u/", at="date_joined", stream="users", rereads=(DAILY,)), accounts, Span(),
        ),
    }[name]  # fmt: skip
    asker = Scripted(answer)
    cursor = list(walk.pages(asker, {}, span))[-1].cursor
    asker.now = NOW + timedelta(hours=23, minutes=59, seconds=50)
    again = list(walk.pages(asker, cursor, span))[-1].cursor
    assert again["reread"][DAILY.name] == stamp(asker.now)


def test_solved_questions_are_read_again_a_day_later() -> None:
    kitsune = Kitsune({number: NOW - timedelta(days=number) for number in range(300)})
    walk, asker = replace(QUESTIONS, rereads=(DAILY,)), Scripted(kitsune)
    cursor = list(walk.pages(asker, {}, Span()))[-1].cursor
    asker.now = NOW + timedelta(days=1)
    again = met(walk.pages(asker, cursor, Span()))
    assert set(again) == set(range(185))  # day 0 to 184: created within 185 days of the new clock


def test_a_filter_that_is_ignored_stops_the_walk() -> None:
    asker = Scripted(lambda _path, _params: {"count": 770_000, "next": None, "results": []})
    with pytest.raises(SourceChanged, match="expected no rows after the year 2999, got 770000 rows"):
        list(QUESTIONS.pages(asker, {}, Span()))


def test_an_empty_page_that_claims_rows_is_refused() -> None:
    asker = Scripted(
        lambda _path, params: {"count": 0 if "2999" in str(params) else 7, "next": None, "results": []}
    )
    with pytest.raises(SourceChanged, match="expected 7 rows as its count says, got an empty page"):
        list(QUESTIONS.pages(asker, {}, Span()))


def test_until_bounds_every_question_that_is_asked() -> None:
    kitsune = Kitsune({number: START + timedelta(days=number) for number in range(28)})
    until = START + timedelta(days=10)
    pages = list(QUESTIONS.pages(Scripted(kitsune), {}, Span(until=until)))
    assert set(met(pages)) == set(range(10))
    assert pages[-1].watermark == until


def unordered(kitsune: Kitsune, ignored: str) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """The list of a server that no longer knows the order `ignored`: newest first, its default."""

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("ordering") != ignored:
            return kitsune(path, params)
        whole = {name: value for name, value in params.items() if name != "page"}
        pages = -(-kitsune(path, whole)["count"] // 20)
        rows = [row for page in range(pages) for row in kitsune(path, {**whole, "page": page + 1})["results"]]
        rows.sort(key=lambda row: -row["id"])
        start = 20 * (int(params.get("page", 1)) - 1)
        more = "more" if len(rows) > start + 20 else None
        return {"count": len(rows), "next": more, "results": rows[start : start + 20]}

    return answer


@pytest.mark.parametrize(
    ("ignored", "cursor"),
    [("updated,id", {"updated": stamp(START)}), ("created,id", {}), ("id", {})],
    ids=["by value", "the oldest", "a window"],
)
def test_a_list_that_falls_back_to_its_own_order_is_refused(ignored: str, cursor: dict[str, str]) -> None:
    kitsune = Kitsune({number: START + timedelta(minutes=number) for number in range(100)})
    with pytest.raises(SourceChanged, match=f"records in the order of {ignored}, got another order"):
        list(QUESTIONS.pages(Scripted(unordered(kitsune, ignored)), cursor, Span()))


def test_rows_of_one_instant_out_of_the_order_of_ids_are_refused() -> None:
    kitsune = Kitsune(dict.fromkeys(range(5), START))
    asker = Scripted(unordered(kitsune, "updated,id"))
    with pytest.raises(SourceChanged, match="another order"):
        list(QUESTIONS.pages(asker, {"updated": stamp(START)}, Span()))


@pytest.mark.parametrize("reader", ["by value", "windows"])
def test_a_short_page_that_is_not_the_last_is_refused(reader: str) -> None:
    """Were it taken for the end, what follows it would be missing for ever, or gone."""
    kitsune = Kitsune({number: START + timedelta(seconds=number) for number in range(100)})

    def halved(path: str, params: dict[str, Any]) -> dict[str, Any]:
        page = int(params.get("page", 1))
        shown = kitsune(path, {**params, "page": -(-page // 2)})
        part = shown["results"][10 * ((page - 1) % 2) :][:10]
        return {**shown, "results": part, "next": "more" if shown["count"] > page * 10 else None}

    cursor = {"updated": stamp(START)} if reader == "by value" else {}
    with pytest.raises(SourceChanged, match="expected 20 rows a page, got 10"):
        list(QUESTIONS.pages(Scripted(halved), cursor, Span()))


def test_a_window_filled_with_rows_of_another_time_is_refused() -> None:
    kitsune = Kitsune({number: START + timedelta(days=number) for number in range(25)})

    def unfiltered(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return kitsune(path, {name: given for name, given in params.items() if name != "created__lt"})

    with pytest.raises(SourceChanged, match="rows of the window that was asked for, got others"):
        list(QUESTIONS.pages(Scripted(unfiltered), {}, Span(until=START + timedelta(days=10))))


def test_questions_that_do_not_list_their_answers_bury_none() -> None:
    kitsune = Kitsune({number: NOW - timedelta(days=number) for number in range(30)})
    walk = replace(QUESTIONS, rereads=(DAILY,), members=Members("answers", "answers", "question_id"))
    asker = Scripted(kitsune)
    cursor = list(walk.pages(asker, {}, Span()))[-1].cursor
    asker.now = NOW + timedelta(days=1)
    with pytest.raises(SourceChanged, match="expected a list `answers` in every record, got null"):
        list(walk.pages(asker, cursor, Span()))


# --- SUMO users, Pontoon lists ----------------------------------------------------------------


def newest_first(rows: dict[int, datetime]) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    def answer(_path: str, params: dict[str, Any]) -> dict[str, Any]:
        order = sorted(rows, key=lambda number: rows[number], reverse=True)
        page = int(params["page"])
        shown = order[(page - 1) * 20 : page * 20]
        records = [{"id": number, "date_joined": stamp(rows[number]), "updated": ""} for number in shown]
        return {"count": len(rows), "next": "more" if len(rows) > page * 20 else None, "results": records}

    return answer


def test_a_deletion_during_the_first_walk_is_noticed_and_walked_again() -> None:
    rows = {number: START + timedelta(minutes=number) for number in range(90)}
    answer, calls = newest_first(rows), [0]

    def deleting(path: str, params: dict[str, Any]) -> dict[str, Any]:
        calls[0] += 1
        if calls[0] == 3:
            del rows[89]  # the newest: every later row moves up, one slips past the page border
        return answer(path, params)

    seen = met(NewestFirst("/u/", at="date_joined", stream="users").pages(Scripted(deleting), {}, Span()))
    assert set(rows) <= set(seen)


def test_a_walk_goes_on_when_rows_vanish_all_the_time() -> None:
    """Deletions fall into every walk of a list of thousands of pages: it must not begin anew for them."""
    rows = {number: START + timedelta(minutes=number) for number in range(400)}
    answer, calls = newest_first(rows), [0]

    def deleting(path: str, params: dict[str, Any]) -> dict[str, Any]:
        calls[0] += 1
        if calls[0] % 4 == 0:
            for number in [number for number in sorted(rows, reverse=True) if number % 7 == 3][:3]:
                del rows[number]
        return answer(path, params)

    pages = list(NewestFirst("/u/", at="date_joined", stream="users").pages(Scripted(deleting), {}, Span()))
    assert set(rows) <= {record["id"] for page in pages for record in page.records}
    assert pages[-1].watermark == NOW
    assert calls[0] < 2 * 20


def test_a_last_page_that_is_no_more_when_it_is_asked_for_ends_the_walk() -> None:
    rows = {number: START + timedelta(minutes=number) for number in range(61)}
    answer = newest_first(rows)

    def shrinking(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["page"] == 4 and 60 in rows:
            del rows[60]
            raise SourceDenied(404, "Invalid page.", path)
        return answer(path, params)

    seen = met(NewestFirst("/u/", at="date_joined", stream="users").pages(Scripted(shrinking), {}, Span()))
    assert set(rows) <= set(seen)


def test_a_next_page_that_is_told_of_and_never_there_ends_the_walk() -> None:
    rows = {number: START + timedelta(minutes=number) for number in range(40)}
    answer = newest_first(rows)

    def promising(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["page"] == 3:
            raise SourceDenied(404, "Invalid page.", path)
        return {**answer(path, params), "next": "more"}

    asker = Scripted(promising)
    with pytest.raises(SourceDenied, match="Invalid page"):
        list(NewestFirst("/u/", at="date_joined", stream="users").pages(asker, {}, Span()))
    assert len(asker.asked) == 5


def test_profiles_that_do_not_come_newest_first_are_refused() -> None:
    rows = {number: START - timedelta(days=number) for number in range(90)}
    answer = newest_first(rows)

    def oldest_first(path: str, params: dict[str, Any]) -> dict[str, Any]:
        shown = answer(path, params)
        return {**shown, "results": shown["results"][::-1]}

    walk = NewestFirst("/u/", at="date_joined", stream="users")
    with pytest.raises(SourceChanged, match="date_joined, newest first, got another order"):
        list(walk.pages(Scripted(oldest_first), {}, Span()))


def test_known_ground_ends_the_walk_of_new_accounts() -> None:
    rows = {number: START + timedelta(days=number) for number in range(90)}
    asker = Scripted(newest_first(rows))
    walk = NewestFirst("/u/", at="date_joined", stream="users")
    cursor = list(walk.pages(asker, {}, Span()))[-1].cursor
    rows[90] = START + timedelta(days=90)
    asker.asked.clear()
    assert 90 in met(walk.pages(asker, cursor, Span()))
    assert len(asker.asked) == 1


def test_paging_keeps_the_short_last_page() -> None:
    def answer(_path: str, params: dict[str, Any]) -> dict[str, Any]:
        page = params["page"]
        return {
            "count": 25,
            "next": None if page == 3 else "more",
            "results": [{}] * (5 if page == 3 else 10),
        }

    assert (
        sum(len(page.records) for page in PagedList("/l/", "rows").pages(Scripted(answer), {}, Span())) == 25
    )


def test_a_list_shorter_than_its_own_count_is_refused() -> None:
    asker = Scripted(lambda _path, _params: {"count": 25, "next": None, "results": [{}] * 10})
    with pytest.raises(SourceChanged, match="25 rows as its count says"):
        list(PagedList("/l/", "rows").pages(asker, {}, Span()))


def test_a_list_that_had_rows_and_is_empty_is_not_believed() -> None:
    asker = Scripted(lambda _path, _params: {"count": 0, "next": None, "results": []})
    with pytest.raises(SourceChanged, match="about 25 rows as before, got an empty list"):
        list(PagedList("/l/", "rows").pages(asker, {"count": 25}, Span()))


# --- Bugzilla ---------------------------------------------------------------------------------


class Bugs:
    """A search over (id -> last change), as the real one: by id or by change, null times never match.

    maximum: the most rows that the server gives, whatever it is asked for. grouped: bugs in a group.
    bearable: more rows than these time out.
    """

    def __init__(
        self, rows: dict[int, datetime | None], maximum: int = 10_000, bearable: int = 10_000
    ) -> None:
        self.rows, self.maximum, self.bearable = rows, maximum, bearable
        self.grouped = set[int]()
        self.before_answer: Callable[[], None] = lambda: None

    def __call__(self, _path: str, params: dict[str, Any]) -> dict[str, Any]:
        self.before_answer()
        kept = dict(self.rows)
        if "f1" in params:
            kept = {number: when for number, when in kept.items() if number > int(params["v1"])}
        if "last_change_time" in params:
            since = parse_instant(params["last_change_time"])
            kept = {number: when for number, when in kept.items() if when is not None and when >= since}
        if "count_only" in params:
            return {"bug_count": len(kept)}
        by_id = params["order"] == "bug_id"
        order = sorted(kept, key=lambda number: number if by_id else (kept[number], number))
        limit = min(int(params["limit"]), self.maximum)
        if limit > self.bearable:
            raise SourceDenied(400, "code 1001", "/rest/bug")
        return {"bugs": [self._shown(number, kept[number]) for number in order[:limit]]}

    def _shown(self, number: int, when: datetime | None) -> dict[str, Any]:
        groups = ["core-security"] if number in self.grouped else []
        changed = stamp(when) if when else None
        return {"id": number, "last_change_time": changed, "groups": groups, **{key: [] for key in LISTS}}


SEARCH = BugzillaSearch(
    "/rest/bug",
    stream="bugs",
    fields="id",
    limit=10,
    overlap=timedelta(minutes=15),
    sweep=Reread("sweep", None, timedelta(days=30)),
    visible=Reread("visible", None, timedelta(days=1)),
    ids_a_page=25,
)


def bugs_met(pages: Iterable[Page]) -> dict[int, str | None]:
    return {record["id"]: record["last_change_time"] for page in pages for record in page.records}


@settings(max_examples=60, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 6), min_size=1, max_size=70),
    edits=st.lists(st.integers(1, 80), max_size=20),
    maximum=st.sampled_from((2, 7, 10_000)),
)
def test_a_bug_edited_during_the_walk_is_met_in_its_last_form(
    seconds: list[int], edits: list[int], maximum: int
) -> None:
    """The first walk is by id; what changes meanwhile is met by the walk by change that follows it, also
    where the server gives fewer rows a page than it is asked for."""
    began = NOW.replace(microsecond=0)
    bugs = Bugs(
        {number: began - timedelta(days=30, seconds=second) for number, second in enumerate(seconds, 1)},
        maximum,
    )
    clock, script = [began], list(edits)

    def edit() -> None:
        if script:
            number = script.pop()
            clock[0] += timedelta(seconds=len(script) % 2)
            if number in bugs.rows:
                bugs.rows[number] = clock[0]

    bugs.before_answer = edit
    asker = Scripted(bugs, now=began)
    first = list(SEARCH.pages(asker, {}, Span()))
    rest = list(SEARCH.pages(asker, first[-1].cursor, Span()))
    seen = bugs_met(first) | bugs_met(rest)
    assert seen == {number: stamp(when) for number, when in bugs.rows.items() if when}


def test_more_bugs_of_one_second_than_a_page_holds_are_all_met() -> None:
    bugs = Bugs(dict.fromkeys(range(1, 48), START) | {99: START + timedelta(seconds=1)})
    pages = SEARCH.pages(Scripted(bugs), {"changed": stamp(START)}, Span())
    assert set(bugs_met(pages)) == set(bugs.rows)


@pytest.mark.parametrize("known", [{}, {"page": 4}], ids=["an older cursor", "one that knows the page"])
def test_a_page_cut_by_the_servers_own_maximum_does_not_end_the_walk_by_change(known: dict[str, int]) -> None:
    bugs = Bugs({number: START + timedelta(seconds=number // 6) for number in range(1, 40)}, maximum=4)
    pages = SEARCH.pages(Scripted(bugs), {"changed": stamp(START), **known}, Span())
    assert set(bugs_met(pages)) == set(bugs.rows)


def test_a_page_shorter_than_one_given_before_is_the_last() -> None:
    bugs = Bugs(dict.fromkeys(range(1, 4), START), maximum=4)
    asker = Scripted(bugs)
    list(SEARCH.pages(asker, {"changed": stamp(START), "page": 4}, Span()))
    assert len(asker.asked) == 1


@pytest.mark.parametrize("maximum", [3, 10_000])
def test_what_a_replica_shows_late_within_the_overlap_is_met_by_the_next_run(maximum: int) -> None:
    """An edit and a new bug that come to light after a later edit was met; no other bug is read again."""
    bugs = Bugs({number: NOW - timedelta(days=1, seconds=number) for number in range(1, 30)}, maximum)
    asker = Scripted(bugs)
    cursor = list(SEARCH.pages(asker, {}, Span()))[-1].cursor
    asker.now = NOW + timedelta(hours=1)
    bugs.rows[5] = asker.now - timedelta(seconds=10)
    cursor = list(SEARCH.pages(asker, cursor, Span()))[-1].cursor
    bugs.rows[7] = bugs.rows[31] = NOW + timedelta(minutes=55)
    asker.now, asker.asked = NOW + timedelta(hours=2), []
    pages = list(SEARCH.pages(asker, cursor, Span()))
    assert set(bugs_met(pages)) == {5, 7, 31}
    assert len(asker.asked) <= 2
    for _ in range(3):  # on still data the cursor stands still, too
        last = list(SEARCH.pages(asker, pages[-1].cursor, Span()))
        assert last[-1].cursor == pages[-1].cursor


def test_what_is_shown_late_is_met_also_when_the_run_before_was_killed_on_its_way() -> None:
    bugs = Bugs({number: NOW - timedelta(seconds=60 - number) for number in range(1, 40)})
    start = {"changed": stamp(NOW - timedelta(hours=1)), "page": 10}
    first = next(iter(SEARCH.pages(Scripted(bugs), start, Span())))
    bugs.rows[50] = NOW - timedelta(minutes=5)
    rest = list(SEARCH.pages(Scripted(bugs, now=NOW + timedelta(hours=1)), first.cursor, Span()))
    assert set(bugs_met([first, *rest])) == set(bugs.rows)


def test_a_search_that_timed_out_is_asked_again_with_half_the_rows() -> None:
    walk = replace(SEARCH, limit=80)
    bugs = Bugs(dict.fromkeys(range(1, 40), START), bearable=20)
    asker = Scripted(bugs)
    assert set(bugs_met(walk.pages(asker, {}, Span()))) == set(bugs.rows)
    assert [params["limit"] for _, params in asker.asked[:4]] == [80, 40, 20, 20]


def test_a_search_that_times_out_whatever_it_is_asked_ends_the_walk() -> None:
    with pytest.raises(SourceDenied, match="1001"):
        list(SEARCH.pages(Scripted(Bugs({1: START}, bearable=0)), {}, Span()))


def test_a_bug_in_a_group_is_not_handed_on_and_what_is_stored_of_it_is_gone() -> None:
    bugs = Bugs(dict.fromkeys(range(1, 6), START))
    first = list(SEARCH.pages(Scripted(bugs), {}, Span()))
    assert set(bugs_met(first)) == {1, 2, 3, 4, 5}
    bugs.grouped = {2, 3}
    bugs.rows[2] = NOW + timedelta(hours=1)  # 3 was put into its group without a change of time
    later = list(SEARCH.pages(Scripted(bugs, now=NOW + timedelta(days=1, hours=1)), first[-1].cursor, Span()))
    assert set(bugs_met(later)) == {1, 4, 5}
    parts = [part for page in later for part in page.whole]
    assert Whole("bugs", {"id": frozenset({2})}, keys=frozenset()) in parts
    visible = [part for part in parts if part.column == "id"]
    assert [part.keys for part in visible] == [frozenset({"1", "4", "5"}), frozenset()]


def test_a_bug_without_a_time_is_met_by_its_id() -> None:
    bugs = Bugs({1: START, 2: None, 3: START})
    assert set(bugs_met(SEARCH.pages(Scripted(bugs), {}, Span()))) == {1, 2, 3}


def without(order: str, bugs: Bugs) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """The search of a server that no longer knows the columns of `order`: it drops them without a word."""

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["order"] != order:
            return bugs(path, params)
        found = bugs(path, {**params, "limit": 10_000})["bugs"]
        found.sort(key=lambda bug: bug["id"] * 2_654_435_761 % 2**32)
        return {"bugs": found[: params["limit"]]}

    return answer


@pytest.mark.parametrize(
    ("order", "cursor"), [("bug_id", {}), ("changeddate,bug_id", {"changed": stamp(START)})]
)
@pytest.mark.parametrize("apart", [0, 1], ids=["of one second", "of many seconds"])
def test_bugs_in_another_order_than_was_asked_for_are_refused(
    order: str, cursor: dict[str, str], apart: int
) -> None:
    bugs = Bugs({number: START + timedelta(seconds=apart * number) for number in range(1, 60)})
    with pytest.raises(SourceChanged, match=f"records in the order of {order}, got another order"):
        list(SEARCH.pages(Scripted(without(order, bugs)), cursor, Span()))


def test_a_search_that_ignores_the_number_it_goes_on_from_is_refused() -> None:
    bugs = Bugs(dict.fromkeys(range(1, 60), START))
    asker = Scripted(lambda path, params: bugs(path, {**params, "v1": 0}))
    with pytest.raises(SourceChanged, match="bugs with numbers above 10, got a smaller one"):
        list(SEARCH.pages(asker, {}, Span()))


def test_a_bug_that_is_edited_between_its_search_and_its_answer_may_stand_out_of_order() -> None:
    """Its place is that of the change before, its time that of the newest."""
    bugs = Bugs({number: NOW - timedelta(hours=9 - number) for number in range(1, 9)})

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        found = bugs(path, params)
        for bug in found["bugs"]:
            if bug["id"] == 3:
                bug["last_change_time"] = stamp(NOW)
        return found

    start = {"changed": stamp(START)}
    assert set(bugs_met(SEARCH.pages(Scripted(answer), start, Span()))) == set(bugs.rows)


def test_a_count_that_takes_the_server_too_long_is_left_out_and_the_other_told() -> None:
    bugs = Bugs({number: NOW - timedelta(hours=number) for number in range(1, 5)})

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "creation_time" not in params:
            raise SourceDenied(400, "code 1001", path)
        return {"bug_count": len(bugs.rows)}

    (count,) = SEARCH.counts(Scripted(answer), Span(), NOW)
    assert (count.window, count.records) == ("last_30d", 4)


def test_a_bug_that_does_not_tell_its_groups_is_not_taken_for_public() -> None:
    bugs = Bugs({number: NOW - timedelta(hours=number) for number in range(1, 5)})

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        found = bugs(path, params)
        for bug in found.get("bugs", []):
            bug.pop("groups", None)
        return found

    with pytest.raises(SourceChanged, match="expected a list `groups` in every bug"):
        list(SEARCH.pages(Scripted(answer), {}, Span()))


def test_a_first_answer_without_any_bug_is_refused() -> None:
    with pytest.raises(SourceChanged, match="at least one bug"):
        list(SEARCH.pages(Scripted(Bugs({})), {}, Span()))


# --- Pontoon's days ---------------------------------------------------------------------------

DAYS = ProjectDays(
    "/p/",
    "/a/{day}/{slug}/",
    stream="user_actions",
    closes_after=timedelta(hours=6),
    rereads=(Reread("last_week", timedelta(days=7), timedelta(days=1)),),
)


def pontoon(
    broken: set[str], hidden: set[str] = frozenset()
) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    def answer(path: str, _params: dict[str, Any]) -> dict[str, Any]:
        if path == "/p/":
            return {"count": 2, "next": None, "results": [{"slug": "one"}, {"slug": "two"}]}
        _, _, on, slug, _ = path.split("/")
        if slug in hidden:
            raise SourceDenied(403, "You do not have permission to access data for this project.", path)
        if on in broken:
            raise SourceDown("an error of its own (500)")
        project = {"slug": slug, "pk": len(slug) + ord(slug[0])}
        return {"actions": [{"id": f"{slug}/{on}", "updated": on}], "project": project}

    return answer


def span_of_days(days: int) -> Span:
    return Span(since=NOW.replace(hour=0) - timedelta(days=days))


def test_every_closed_day_of_every_project_is_asked_once() -> None:
    asker = Scripted(pontoon(set()))
    pages = list(DAYS.pages(asker, {}, span_of_days(3)))
    days = ("2026-06-28", "2026-06-29", "2026-06-30")
    assert set(met(pages)) == {f"{slug}/{on}" for slug in ("one", "two") for on in days}
    assert pages[-1].watermark == datetime(2026, 7, 1, tzinfo=UTC)
    asker.asked.clear()
    assert met(DAYS.pages(asker, pages[-1].cursor, span_of_days(3))) == {}
    assert len(asker.asked) == 1  # the list of projects


def test_a_day_that_fails_alone_is_owed_and_asked_again() -> None:
    broken = {"2026-06-29"}
    pages = list(DAYS.pages(Scripted(pontoon(broken)), {}, span_of_days(3)))
    assert pages[-1].cursor["owed"] == [["one", "2026-06-29"], ["two", "2026-06-29"]]
    again = DAYS.pages(Scripted(pontoon(set())), pages[-1].cursor, span_of_days(3))
    assert set(met(again)) == {"one/2026-06-29", "two/2026-06-29"}


def test_an_owed_day_survives_a_run_that_is_killed_before_it() -> None:
    cursor = {
        "next": {"one": "2026-07-01", "two": "2026-07-01"},
        "owed": [["one", "2026-06-28"], ["two", "2026-06-29"]],
    }
    first = next(iter(DAYS.pages(Scripted(pontoon(set())), cursor, span_of_days(3))))
    assert first.cursor["owed"] == [["two", "2026-06-29"]]


def test_a_hidden_project_stops_nobody() -> None:
    pages = list(DAYS.pages(Scripted(pontoon(set(), hidden={"one"})), {}, span_of_days(20)))
    assert {record["project"]["slug"] for page in pages for record in page.records} == {"two"}
    assert pages[-1].cursor["owed"] == []


@pytest.mark.parametrize(
    "said", ["Token has expired.", "You do not have permission to perform this action.", "no detail"]
)
def test_a_key_that_is_refused_in_between_ends_the_walk_at_once_and_buries_nothing(said: str) -> None:
    good, pages = pontoon(set()), list[Page]()

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if len(asker.asked) > 10:
            raise SourceDenied(403, said, path)
        return good(path, params)

    asker = Scripted(answer)
    with pytest.raises(SourceDenied, match=re.escape(said)):
        pages.extend(DAYS.pages(asker, {}, span_of_days(20)))
    assert len(asker.asked) < 20
    assert not any(page.whole or page.cursor["owed"] for page in pages)


def test_a_list_of_projects_is_read_to_its_end() -> None:
    """What is not on it is taken as gone, so a second page must not be missed, nor a short list believed."""
    good, short = pontoon(set()), {"is": False}

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path != "/p/":
            return good(path, params)
        slug = ("one", "two")[params["page"] - 1]
        more = "more" if params["page"] == 1 and not short["is"] else None
        return {"count": 2, "next": more, "results": [{"slug": slug}]}

    asker = Scripted(answer)
    pages = list(DAYS.pages(asker, {}, span_of_days(3)))
    assert {name.partition("/")[0] for name in met(pages)} == {"one", "two"}
    short["is"] = True
    with pytest.raises(SourceChanged, match="expected 2 projects as its count says, got 1"):
        list(DAYS.pages(asker, pages[-1].cursor, span_of_days(3)))


JUNE = {f"2026-06-{day:02}" for day in range(1, 31)}


def test_a_project_of_which_ten_days_in_a_row_fail_is_left_and_the_next_is_read() -> None:
    """And in run after run it is read to its end, also when these days fail for ever."""
    good, broken = pontoon(set()), {f"2026-06-{day}" for day in range(12, 27)}

    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("/one/") and path.split("/")[2] in broken:
            raise SourceDown("an error of its own (500)")
        return good(path, params)

    cursor: dict[str, Any] = {}
    reached = []
    for _ in range(3):
        pages = list(DAYS.pages(Scripted(answer), cursor, span_of_days(20)))
        cursor = pages[-1].cursor
        reached.append((cursor["next"]["one"], len(cursor["owed"])))
        assert cursor["next"]["two"] == "2026-07-01"
        assert pages[-1].watermark == datetime(2026, 7, 1, tzinfo=UTC)
    assert reached == [("2026-06-22", 10), ("2026-07-01", 15), ("2026-07-01", 15)]
    healed = list(DAYS.pages(Scripted(good), cursor, span_of_days(20)))
    assert set(met(healed)) == {f"one/{on}" for on in broken}
    assert healed[-1].cursor["owed"] == []


def test_owed_days_have_their_turn_one_after_another() -> None:
    """Ten that fail again must not hide the others for ever."""
    owed = [["one", f"2026-06-{day:02}"] for day in range(1, 16)]
    cursor = {"next": {"one": "2026-07-01", "two": "2026-07-01"}, "owed": owed, "reread": {}}
    walk = replace(DAYS, rereads=())
    broken = pontoon({f"2026-06-{day:02}" for day in range(1, 11)})
    first = list(walk.pages(Scripted(broken), cursor, Span(since=START)))[-1].cursor
    assert first["owed"] == [*owed[10:], *owed[:10]]
    assert list(walk.pages(Scripted(broken), first, Span(since=START)))[-1].cursor["owed"] == owed[:10]


def test_projects_that_fail_one_after_another_without_any_answer_end_the_walk() -> None:
    asker = Scripted(pontoon(JUNE))
    with pytest.raises(SourceDown):
        list(DAYS.pages(asker, {}, span_of_days(20)))
    assert len(asker.asked) == 21


def test_days_read_again_go_on_where_a_run_was_broken_off() -> None:
    """New days come first; a run that never gets through all re-reads comes round all the same."""
    asker = Scripted(pontoon(set()))
    cursor = list(DAYS.pages(asker, {}, span_of_days(20)))[-1].cursor
    asker.now = NOW + timedelta(days=1)
    seen: list[str] = []
    for _ in range(6):
        pages = DAYS.pages(asker, cursor, span_of_days(20))
        for page in itertools.islice(pages, 3):
            cursor = page.cursor
            seen += met([page])
    assert seen[:2] == ["one/2026-07-01", "two/2026-07-01"]
    days = [*(f"2026-06-{day}" for day in range(25, 31)), "2026-07-01"]
    assert seen[2:] == [f"{slug}/{on}" for slug in ("one", "two") for on in days]
    assert "again" not in cursor
    asker.asked.clear()
    list(DAYS.pages(asker, cursor, span_of_days(20)))
    assert len(asker.asked) == 1


def test_the_last_seven_days_are_read_again_a_day_later() -> None:
    asker = Scripted(pontoon(set()))
    cursor = list(DAYS.pages(asker, {}, span_of_days(20)))[-1].cursor
    asker.now = NOW + timedelta(days=1)
    again = met(DAYS.pages(asker, cursor, span_of_days(20)))
    assert {on.split("/")[1] for on in again} == {f"2026-06-{day}" for day in range(25, 31)} | {"2026-07-01"}


# --- Reps -------------------------------------------------------------------------------------


def portal(
    numbers: list[int], vanished: set[int] = frozenset()
) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params:
            page = int(params["page"])
            shown = numbers[(page - 1) * 20 : page * 20]
            results = [{"name": "E", "_url": f"https://reps.example/e/{number}/"} for number in shown]
            return {
                "count": len(numbers),
                "next": "more" if len(numbers) > page * 20 else None,
                "results": results,
            }
        number = int(path.split("/")[2])
        if number in vanished:
            raise SourceDenied(404, "Not found.", path)
        return {"id": number, "updated": ""}

    return answer


def test_every_item_of_a_list_is_asked_in_detail_and_the_next_run_asks_one_page() -> None:
    numbers = list(range(1, 56))
    asker = Scripted(portal(numbers))
    walk = ListWithDetails("/e/", "events")
    pages = list(walk.pages(asker, {}, Span()))
    assert [record["_number"] for page in pages for record in page.records] == numbers
    asker.asked.clear()
    assert met(walk.pages(asker, pages[-1].cursor, Span())) == {}
    assert len(asker.asked) == 1


def test_a_list_of_details_that_broke_off_asks_for_the_items_that_it_has_not() -> None:
    asker = Scripted(portal(list(range(1, 56))))
    pages = ListWithDetails("/e/", "events").pages(asker, {"read": short(range(1, 41))}, Span())
    assert set(met(pages)) == set(range(41, 56))
    assert len(asker.asked) == 3 + 15


@pytest.mark.parametrize("gone", [(5,), (5, 6), (5, 20, 21, 37)])
def test_an_item_that_a_deletion_moved_to_a_page_already_read_is_met_when_the_load_goes_on(
    gone: tuple[int, ...],
) -> None:
    numbers = list(range(1, 101))
    walk, asker = ListWithDetails("/e/", "events", rereads=(YEARLY,)), Scripted(portal(numbers))
    first = next(iter(walk.pages(asker, {}, Span())))
    numbers[:] = [number for number in numbers if number not in gone]
    asker.asked.clear()
    rest = list(walk.pages(asker, first.cursor, Span()))
    assert set(met([first, *rest])) >= set(numbers)
    assert not set(met([first])) & set(met(rest))
    assert len(asker.asked) == 5 + len(met(rest))  # the list once, and what was not read yet
    assert rest[-1].cursor["count"] == len(numbers)
    (whole,) = rest[-1].whole
    assert (whole.stream, whole.named) == ("events", frozenset(numbers))  # what else was stored is gone


def test_an_item_that_vanished_between_list_and_detail_stops_nobody() -> None:
    seen = met(ListWithDetails("/e/", "events").pages(Scripted(portal([1, 2, 3], vanished={2})), {}, Span()))
    assert set(seen) == {1, 3}


@given(st.sets(st.integers(1, 2**40)) | st.sets(st.integers(1, 300)))
def test_numbers_are_kept_in_little_room_and_come_back_the_same(numbers: set[int]) -> None:
    assert numbers_of(short(numbers)) == numbers


# --- First loads that take several runs -----------------------------------------------------

YEARLY = Reread("once_a_year", window=None, every=timedelta(days=365))
DATED = Kitsune({number: START - timedelta(days=700 - number) for number in range(700)})
LOADS: dict[str, tuple[Walk, Any, Span]] = {
    "by value": (replace(QUESTIONS, rereads=(DAILY, YEARLY)), DATED, Span(since=START - timedelta(days=700))),
    "by id": (SEARCH, Bugs({n: START + timedelta(hours=n) for n in range(1, 60)}), Span()),
    "by day": (replace(DAYS, rereads=(YEARLY,)), pontoon(set()), span_of_days(20)),
    "by list": (ListWithDetails("/e/", "events", rereads=(YEARLY,)), portal(list(range(1, 161))), Span()),
}


@pytest.mark.parametrize("name", LOADS)
def test_a_first_load_that_took_a_year_reads_again_what_it_read_first(name: str) -> None:
    """What changed there meanwhile may have moved no time."""
    walk, answer, span = LOADS[name]
    asker = Scripted(answer)
    first = next(page for page in walk.pages(asker, {}, span) if page.records)
    asker.now = NOW + timedelta(days=400)
    seen = {record["id"] for page in walk.pages(asker, first.cursor, span) for record in page.records}
    assert {record["id"] for record in first.records} <= seen


def test_an_account_that_went_while_the_first_load_was_broken_off_is_gone() -> None:
    """Also where it lay between the last row of a page and the first of the next."""
    accounts = {number: START + timedelta(hours=number) for number in range(60)}
    walk = NewestFirst("/u/", at="date_joined", stream="users", rereads=(YEARLY,))
    first = next(iter(walk.pages(Scripted(newest_first(accounts)), {}, Span())))
    del accounts[39], accounts[50]
    pages = list(walk.pages(Scripted(newest_first(accounts)), first.cursor, Span()))
    shown = [whole for page in pages for whole in page.whole]
    assert any(one.start < START + timedelta(hours=50) < one.end for one in shown)
    assert any(one.start < START + timedelta(hours=39) < one.end for one in shown)
    assert "began" not in pages[-1].cursor


@pytest.mark.parametrize("name", LOADS)
def test_a_first_load_that_goes_on_at_once_reads_no_row_twice(name: str) -> None:
    walk, answer, span = LOADS[name]
    asker = Scripted(answer)
    first = next(page for page in walk.pages(asker, {}, span) if page.records)
    rest = list(walk.pages(asker, first.cursor, span))
    assert not {one["id"] for one in first.records} & {one["id"] for page in rest for one in page.records}
    assert "began" not in rest[-1].cursor
    assert rest[-1].cursor["reread"]


# --- What a list counts itself ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("walk", "answer"),
    [
        (PagedList("/e/", "events"), portal(list(range(1, 56)))),
        (ListWithDetails("/e/", "events"), portal(list(range(1, 56)))),
        (
            NewestFirst("/u/", at="date_joined", stream="users"),
            newest_first({number: START + timedelta(minutes=number) for number in range(55)}),
        ),
    ],
)
def test_a_lists_own_count_comes_with_its_last_page_and_is_not_asked_for_again(
    walk: Walk, answer: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> None:
    asker = Scripted(answer)
    pages = list(walk.pages(asker, {}, Span()))
    assert pages[-1].counts == (Count("backfill", None, None, 55),)
    asker.asked.clear()
    assert (list(walk.counts(asker, Span(), NOW)), asker.asked) == ([], [])

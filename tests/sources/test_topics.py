"""Topics of a tag: no post and no topic is lost that is moved, recovered or shifted by another's deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.lake import Lake
from pipelines.landing import Landing
from pipelines.sources.discourse import SOURCE
from pipelines.sources.http import SourceDenied
from pipelines.sources.spec import Answer, Page, Reread, SourceChanged, Span, Spent, stamp
from pipelines.sources.walks import TaggedTopics
from tests.sources.test_walks import START, Scripted

TAG = "mission-mozillians"
QUARTERLY = Reread("every_quarter", None, timedelta(days=90))
WALK = TaggedTopics(tags=(TAG,), rereads=(QUARTERLY,))


class Forum:
    """Discourse over (topic -> ids of its posts): a list of 30 a page, topics with their first 20 posts."""

    def __init__(self, posts: dict[int, list[int]]) -> None:
        self.posts = posts
        self.before_answer: Callable[[], None] = lambda: None

    def __call__(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        self.before_answer()
        if path.startswith("/tag/"):
            page = int(params["page"])
            listed = {"topics": [self._listed(number) for number in sorted(self.posts)[30 * page :][:30]]}
            more = {"more_topics_url": "more"} if len(self.posts) > 30 * (page + 1) else {}
            return {"topic_list": listed | more}
        number = int(path.split("/")[2].removesuffix(".json"))
        if number not in self.posts:
            raise SourceDenied(404, "Not found.", path)
        posts = self.posts[number]
        if path.endswith("posts.json"):
            return {"post_stream": {"posts": self._shown(number, params["ids"])}}
        return {"tags": [TAG], "post_stream": {"posts": self._shown(number, posts[:20]), "stream": posts}}

    def _listed(self, number: int) -> dict[str, Any]:
        count = len(self.posts[number])
        numbers = {"id": number, "posts_count": count, "highest_post_number": count}
        return {**numbers, "tags": [TAG], "created_at": stamp(START)}

    def _shown(self, number: int, wanted: Iterable[int]) -> list[dict[str, Any]]:
        found = [one for one in wanted if one in self.posts[number]]
        return [{"id": one, "topic_id": number, "created_at": stamp(START)} for one in found]


class Reader(Scripted):
    """Asks a forum; posts are asked for by a parameter that comes several times."""

    spent = Spent()
    is_late = False
    """Whether of several requests at once the last is answered first."""

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]:
        asked = list(paths)
        answers = {path: self._outcome(path) for path in (reversed(asked) if self.is_late else asked)}
        yield from ((path, answers[path]) for path in asked)

    def _outcome(self, path: str) -> Answer | Exception:
        address, _, query = path.partition("?")
        words = parse_qsl(query)
        ids = [int(value) for name, value in words if name == "post_ids[]"]
        try:
            return self.get(address, {"ids": ids} if ids else dict(words))
        except SourceDenied as error:
            return error


def run(reader: Reader, cursor: dict[str, Any]) -> list[Page]:
    """The next day's run."""
    reader.now += timedelta(days=1)
    reader.asked.clear()
    return list(WALK.pages(reader, cursor, Span()))


def posts_met(pages: Iterable[Page]) -> dict[int, int]:
    """post -> its topic."""
    return {
        post["id"]: post["topic_id"] for page in pages for record in page.records for post in record["posts"]
    }


def two_topics() -> Forum:
    return Forum({1: list(range(100, 140)), 2: list(range(200, 240))})


def test_posts_that_were_moved_between_old_topics_are_met_by_the_next_run() -> None:
    forum = two_topics()
    reader = Reader(forum)
    pages = run(reader, {})
    assert len(posts_met(pages)) == 80
    for moved in (135, 136):
        forum.posts[1].remove(moved)
        forum.posts[2].append(moved)
    pages = run(reader, pages[-1].cursor)
    assert {one: topic for one, topic in posts_met(pages).items() if one in (135, 136)} == {135: 2, 136: 2}
    by_ids = [params["ids"] for _, params in reader.asked if "ids" in params]
    assert by_ids == [[135, 136]]
    shown = {part.equals["topic_id"]: part.keys for page in pages for part in page.whole if part.equals}
    assert shown == {number: frozenset(map(str, posts)) for number, posts in forum.posts.items()}


def test_posts_that_were_moved_live_on_in_the_lake_under_their_new_topic(tmp_path: Path) -> None:
    forum = two_topics()
    reader = Reader(forum)
    for moved in ((), (135, 136)):
        forum.posts[1] = [one for one in forum.posts[1] if one not in moved]
        forum.posts[2] += moved
        reader.now += timedelta(days=1)
        work = Landing(Lake(tmp_path), run_id="run", gates={}, hash_key=b"a key for tests only", span=Span())
        assert not work.feed(SOURCE, SOURCE.feeds[0], reader).refused
        assert len(Lake(tmp_path).live("discourse", "posts")) == 80


def test_a_post_that_was_deleted_and_recovered_is_met_again() -> None:
    forum = two_topics()
    reader = Reader(forum)
    cursor = run(reader, {})[-1].cursor
    forum.posts[1].remove(125)
    pages = run(reader, cursor)
    assert 125 not in posts_met(pages)
    forum.posts[1].insert(25, 125)
    pages = run(reader, pages[-1].cursor)
    assert posts_met(pages)[125] == 1
    assert [params["ids"] for _, params in reader.asked if "ids" in params] == [[125]]


def test_a_topic_that_changed_when_its_reread_is_due_is_read_whole() -> None:
    """An edit or another name in a post behind the first twenty would else stay unseen for a quarter more."""
    forum = two_topics()
    reader = Reader(forum)
    cursor = run(reader, {})[-1].cursor
    forum.posts[1].append(140)
    reader.now += timedelta(days=90)
    assert set(posts_met(run(reader, cursor))) == {*range(100, 141), *range(200, 240)}


def test_on_still_topics_the_list_alone_is_asked_for() -> None:
    reader = Reader(two_topics())
    cursor = run(reader, {})[-1].cursor
    assert posts_met(run(reader, cursor)) == {}
    assert [path for path, _ in reader.asked] == [f"/tag/{TAG}.json"]


def test_a_cursor_that_knew_the_newest_post_alone_reads_a_changed_topic_whole() -> None:
    reader = Reader(two_topics())
    cursor = run(reader, {})[-1].cursor
    before = {number: [signature, 240] for number, (signature, _) in cursor["topics"].items()}
    before["1"][0] = "another"
    assert set(posts_met(run(reader, {**cursor, "topics": before}))) == set(range(100, 140))


# --- The list -----------------------------------------------------------------------------------


def pages_asked(reader: Reader) -> list[int]:
    return [int(params["page"]) for _, params in reader.asked if "page" in params]


@settings(max_examples=80, deadline=None)
@given(
    topics=st.integers(1, 100),
    first=st.lists(st.integers(0, 100), max_size=8),
    second=st.lists(st.integers(0, 100), max_size=8),
    new=st.integers(0, 40),
    is_late=st.booleans(),
)
@example(topics=84, first=[], second=[0, 1], new=7, is_late=False)
def test_no_topic_is_missed_when_others_are_deleted_during_the_walk(
    topics: int, first: list[int], second: list[int], new: int, is_late: bool
) -> None:
    """Between any two requests one topic may go, in a first load and in the run after it."""
    forum = Forum({number: [number] for number in range(1, topics + 1)})
    script: list[int] = []

    def delete() -> None:
        if script:
            forum.posts.pop(script.pop(), None)

    forum.before_answer = delete
    reader, cursor = Reader(forum), dict[str, Any]()
    reader.is_late = is_late
    for number, deletions in enumerate((first, second)):
        forum.posts |= {one: [one] for one in range(1000 * number, 1000 * number + new)}
        script[:] = deletions
        pages = run(reader, cursor)
        cursor = pages[-1].cursor
        assert set(map(str, forum.posts)) <= set(cursor["topics"])


@pytest.mark.parametrize(
    ("topics", "first", "second"),
    [
        (1, [0], [0]),
        (30, [0], [0]),
        (31, [0, *range(1, 5), 0], [1, 0]),
        (91, [0, *range(1, 5), 2, 1, 0], [3, 2, 1, 0]),
        (151, [0, *range(1, 5), *range(5, 9), 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0]),
    ],
)
def test_a_list_is_walked_back_from_its_last_page_which_only_a_first_load_has_to_look_for(
    topics: int, first: list[int], second: list[int]
) -> None:
    reader = Reader(Forum({number: [number] for number in range(1, topics + 1)}))
    cursor = run(reader, {})[-1].cursor
    assert pages_asked(reader) == first
    run(reader, cursor)
    assert pages_asked(reader) == second


def test_a_list_that_grew_or_shrank_by_pages_is_walked_to_its_new_end() -> None:
    forum = Forum({number: [number] for number in range(1, 32)})
    reader = Reader(forum)
    cursor = run(reader, {})[-1].cursor
    forum.posts |= {number: [number] for number in range(32, 62)}
    cursor = run(reader, cursor)[-1].cursor
    assert pages_asked(reader) == [1, 2, 1, 0]
    assert len(cursor["topics"]) == 61
    forum.posts = {1: [1]}
    cursor = run(reader, cursor)[-1].cursor
    assert pages_asked(reader) == [2, 1, 0]
    run(reader, cursor)
    assert pages_asked(reader) == [0]


def test_a_topic_that_does_not_name_its_posts_is_refused() -> None:
    """No list of posts is not an empty one: all of them would be gone."""
    forum = two_topics()

    def unnamed(path: str, params: dict[str, Any]) -> dict[str, Any]:
        found = forum(path, params)
        found.get("post_stream", {}).pop("stream", None)
        return found

    with pytest.raises(SourceChanged, match="an object with the list `stream`"):
        run(Reader(unnamed), {})


def test_a_list_that_gives_its_first_page_again_and_again_is_refused() -> None:
    """As one whose redirect loses the number of the page: its walk would never end."""
    forum = Forum({number: [number] for number in range(1, 100)})

    def first(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return forum(path, {**params, "page": 0} if path.startswith("/tag/") else params)

    with pytest.raises(SourceChanged, match="further topics on a further page"):
        run(Reader(first), {})

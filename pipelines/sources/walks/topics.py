"""Discourse: the topics of some tags and categories, each with all its posts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pipelines.sources.http import SourceDenied
from pipelines.sources.spec import (
    Answer,
    Asker,
    Count,
    Page,
    Reread,
    SourceChanged,
    Span,
    Whole,
    listed,
    parse_instant,
)
from pipelines.sources.walks.common import days_between, due, ended, loading, numbers_of, short

TOPICS_AT_ONCE = 200

PAGES_AT_ONCE = 4
"""So many pages of the list a first load asks for at a time to find the last one."""


@dataclass(frozen=True)
class TaggedTopics:
    """Every topic of some tags and categories, then those that changed, with their posts.

    A category is its number; what is in its subcategories is not in it.
    The list is walked whole every run, in the order of creation: it is small, and a bump cannot move a row
    in it. It is walked from its last page back to the first, so a topic that moves up because an earlier one
    is deleted is met on the page before. The run before tells where the last page lies; a first load seeks
    it. A topic whose signature (number of posts, highest post, times, likes) is another
    one than before is read: its first posts come with it. It names all its posts: those that it did not name
    before, new ones, recovered ones and such as were moved there, are asked for by their ids, twenty a
    request; a stored post that it names no more is gone. A topic that is listed no more is asked for: it may
    have been deleted, made private, or lost its tag or category; only if it still has it, it stays.
    Re-reads read topics with all their posts, whether or not something tells of a change: edits and likes of
    posts.
    The forum tells how many posts each topic has, with the list and with the topic: their sum is held against
    the stored posts. How many topics a list has it does not tell: the count of a tag has unlisted ones in it.
    Cursor: {"topics": {id: [signature, its posts]}, "pages": {list: its last page}, "reread"}; a list is
    named by its tag, or `c/` and the category. Meant for some of them, not for a whole forum.
    The least for a day: a page 30 topics, one request a changed topic, one more for each 20 new posts.
    """

    tags: tuple[str, ...]
    categories: tuple[int, ...] = ()
    rereads: tuple[Reread, ...] = ()
    posts_at_once: int = 20

    def pages(self, ask: Asker, cursor: dict[str, Any], span: Span) -> Iterator[Page]:
        topics, last_pages, now = self._listed(ask, cursor.get("pages", {}))
        cursor = {**loading(cursor, now), "pages": last_pages}
        known: dict[str, list[Any]] = {number: list(one) for number, one in cursor.get("topics", {}).items()}
        told_of: dict[str, Any] = {number: topic.get("posts_count") for number, topic in topics.items()}
        for number in sorted(known.keys() - topics.keys(), key=int):
            unlisted = self._still_ours(ask, number)
            if unlisted is None:
                known.pop(number)
            else:
                told_of[number] = unlisted.get("posts_count")
        again = due(self.rereads, cursor, now)
        signatures = {number: signature(topic) for number, topic in topics.items()}
        wanted = [number for number, one in signatures.items() if known.get(number, [""])[0] != one]
        whole_again = {n for n in topics if n in known and self._is_due(topics[n], again, now)}
        wanted += sorted(whole_again.difference(wanted), key=int)
        state = {**cursor, "topics": known}
        here = frozenset(topics) | frozenset(known)
        quiet = [{"topic": topics[n], "posts": []} for n in topics.keys() - set(wanted)]
        yield Page(quiet, state, now, whole=(Whole("topics", keys=here),))
        for start in range(0, len(wanted), TOPICS_AT_ONCE):
            part = wanted[start : start + TOPICS_AT_ONCE]
            held = {n: numbers_of(known[n][1]) for n in part if n in known and n not in whole_again}
            records, whole = self._read(ask, [topics[number] for number in part], held)
            for record in records:
                number = str(record["topic"]["id"])
                known[number] = [signatures[number], short(record["_stream"])]
                told_of[number] = record["_posts_count"]
            yield Page(records, {**cursor, "topics": dict(known)}, now, where="/t/", whole=tuple(whole))
        state = {**cursor, "topics": known}
        state = ended(state, self.rereads, again, now)
        counts = _posts_counted([told_of[number] for number in known])
        yield Page([], state, now, watermark=min(now, span.until or now), counts=counts)

    def _listed(
        self, ask: Asker, last_pages: dict[str, int]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, int], datetime]:
        """Topics by id, the last page of each list, and the source's clock as the walk began.

        Back from the last page, every page is asked for after the one that follows it. A first load comes up
        to the last page before that, some pages at a time, and goes back so too: where each page shows again
        what it showed on the way up, no row has moved in between, and these are all. Else it goes back once
        more, page by page.
        """
        found: dict[str, dict[str, Any]] = {}
        ends: dict[str, int] = {}
        clocks: list[datetime] = []
        lists = {tag: f"/tag/{quote(tag)}.json" for tag in self.tags}
        lists |= {f"c/{number}": f"/c/{number}/none/l/latest.json" for number in self.categories}

        def walked(name: str, pages: Sequence[int]) -> tuple[list[list[str]], int | None]:
            """Take these pages of a list in: the topics of each, and the first page that nothing follows."""
            last, shown = None, []
            for page, (rows, follows, now) in zip(
                pages, self._list_pages(ask, lists[name], pages), strict=True
            ):
                found.update(rows)
                shown.append([*rows])
                clocks.append(now)
                ends[name] = max(ends[name], page) if rows else ends[name]
                last = page if last is None and not follows else last
            return shown, last

        for name in lists:
            up: list[list[str]] = []
            first = int(last_pages.get(name, 0))
            at_once = 1 if name in last_pages else PAGES_AT_ONCE
            ends[name], last, following = 0, None, range(first, first + 1)
            while last is None:
                shown, last = walked(name, following)
                new = set(itertools.chain(*shown)).difference(*up)
                up += shown
                if last is None and not new:
                    raise SourceChanged("further topics on a further page", "the same ones", lists[name])
                following = range(following.stop, following.stop + at_once)
            back = range(last - 1, -1, -1)
            if first or walked(name, back)[0] != [up[page] for page in back]:
                for page in back:
                    walked(name, [page])
        return found, ends, clocks[0]

    def _list_pages(
        self, ask: Asker, path: str, pages: Sequence[int]
    ) -> Iterator[tuple[dict[str, dict[str, Any]], bool, datetime]]:
        """Of each page: its topics in the order of creation, whether more follow, and the source's clock."""
        order = f"{path}?order=created&ascending=true&page="
        for _, answer in ask.get_many(f"{order}{page}" for page in pages):
            if isinstance(answer, Exception):
                raise answer
            body = answer.body.get("topic_list") if isinstance(answer.body, dict) else None
            rows = listed(Answer(body, answer.server_now, answer.where), "topics")
            assert isinstance(body, dict)
            more = bool(rows) and bool(body.get("more_topics_url"))
            yield {str(row["id"]): row for row in rows}, more, answer.server_now

    def _still_ours(self, ask: Asker, number: str) -> dict[str, Any] | None:
        """A topic that no list shows, where it is there and still has one of the tags or categories."""
        try:
            answer = ask.get(f"/t/{number}.json")
        except SourceDenied as denied:
            if denied.status in (403, 404):
                return None
            raise
        topic = answer.body if isinstance(answer.body, dict) else {}
        ours = topic.get("category_id") in self.categories or any(n in self.tags for n in tag_names(topic))
        return topic if ours else None

    def _is_due(self, topic: dict[str, Any], again: list[tuple[Reread, datetime]], now: datetime) -> bool:
        """Whether a topic lies in the window of a re-read, by its last activity."""
        last = max(str(topic.get("bumped_at") or ""), str(topic.get("last_posted_at") or ""))
        for reread, before in again:
            if reread.window is None:
                if days_between(before, now) >= reread.every:
                    return True
            elif last and now - parse_instant(last) <= reread.window:
                return True
        return False

    def _read(
        self, ask: Asker, topics: list[dict[str, Any]], held: dict[str, set[int]]
    ) -> tuple[list[dict[str, Any]], list[Whole]]:
        """These topics with their posts but those `held` already, and the posts each still has."""
        details = ask.get_many(f"/t/{topic['id']}.json" for topic in topics)
        records: list[dict[str, Any]] = []
        whole: list[Whole] = []
        missing: list[tuple[int, list[int]]] = []
        for topic, (_, outcome) in zip(topics, details, strict=True):
            if isinstance(outcome, SourceDenied) and outcome.status in (403, 404):
                continue
            if isinstance(outcome, Exception):
                raise outcome
            stream, posts = _named(outcome), _posts(outcome)
            here = {post["id"] for post in posts} | held.get(str(topic["id"]), set())
            more = [number for number in stream if number not in here]
            missing += [
                (len(records), more[start : start + self.posts_at_once])
                for start in range(0, len(more), self.posts_at_once)
            ]
            told = outcome.body.get("posts_count", topic.get("posts_count"))
            records.append({"topic": topic, "posts": posts, "_stream": stream, "_posts_count": told})
            whole.append(Whole("posts", {"topic_id": topic["id"]}, keys=frozenset(map(str, stream))))
        paths = (
            f"/t/{records[place]['topic']['id']}/posts.json?" + "&".join(f"post_ids[]={n}" for n in numbers)
            for place, numbers in missing
        )
        for (place, _), (_, outcome) in zip(missing, ask.get_many(paths), strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            records[place]["posts"] = [*records[place]["posts"], *_posts(outcome)]
        return records, whole

    def counts(self, ask: Asker, span: Span, now: datetime) -> Iterable[Count]:
        return ()


def _posts_counted(told_of: Sequence[Any]) -> tuple[Count, ...]:
    """How many posts the forum counts in these topics; nothing where it does not tell it of each."""
    if not all(isinstance(told, int) for told in told_of):
        return ()
    return (Count("backfill", None, None, sum(told_of), stream="posts"),)


def tag_names(topic: Any) -> list[str]:
    """The tags of a topic: texts on older servers, objects on newer ones, absent where tagging is off."""
    tags = (topic.get("tags") if isinstance(topic, dict) else None) or []
    return [str(tag["name"] if isinstance(tag, dict) else tag) for tag in tags]


def signature(topic: dict[str, Any]) -> str:
    """What tells of a changed topic: another one is read again."""
    names = (
        "posts_count",
        "highest_post_number",
        "bumped_at",
        "last_posted_at",
        "like_count",
        "closed",
        "visible",
    )
    return "|".join(str(topic.get(name)) for name in names)


def _post_stream(answer: Answer) -> Answer:
    body = answer.body.get("post_stream") if isinstance(answer.body, dict) else None
    if not isinstance(body, dict):
        raise SourceChanged("an object with the object `post_stream`", "an answer without it", answer.where)
    return Answer(body, answer.server_now, answer.where)


def _named(answer: Answer) -> list[int]:
    """The ids of all posts of a topic: those it does not name are gone, so no list is not an empty one."""
    return listed(_post_stream(answer), "stream")


def _posts(answer: Answer) -> list[dict[str, Any]]:
    """The posts that came."""
    return listed(_post_stream(answer), "posts")

"""Discourse: the topics of some tags and categories on discourse.mozilla.org, and who wrote in them.

    lists, topic    -> discourse/topics   a topic with its counts as it is now
                    -> discourse/posts    who wrote when, in reply to what; never the text
                    -> discourse/users    an author as the newest post of a run shows them

Which tags and categories: `of`; by itself the programme's tag. How topics are read is told in
`walks/topics.py`. Posts of topics that were active in the last 30 days are read again every day (edits,
likes, hiding), all others every quarter.
Pace: 120 requests a minute, four at a time; both kinds of 429 say how long to wait. Asked without a key: what
is read is public, a key would see more than that and may ask less often (60 requests a minute).
Privacy: user names and numbers are hashed; titles, texts and avatars are not kept.
Not read: badges, group membership and profile pages, which cost one request a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from pipelines.sources.names import local_name
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
    texts,
)
from pipelines.sources.walks import TaggedTopics
from pipelines.sources.walks.topics import tag_names

LIKE = 2
"""The id of "like" in a post's summary of actions."""


def topic_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    topic = record["topic"]
    yield {**topic, "tags": sorted(tag_names(topic))}


def post_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    for post in record["posts"]:
        if not isinstance(post, dict):
            raise SourceChanged("an object in every place of the list", json_type(post), "posts")
        actions = post.get("actions_summary") or []
        yield {
            **post,
            "author": post.get("username") or None,
            "author_id": post.get("user_id"),
            "is_system": isinstance(post.get("user_id"), int) and post["user_id"] < 0,
            "likes": sum(int(one.get("count") or 0) for one in actions if one.get("id") == LIKE),
        }


def user_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    for post in sorted(record["posts"], key=lambda post: int(post.get("id") or 0)):
        if post.get("user_id") is not None and post.get("username"):
            yield {
                "account": post["user_id"],
                "username": post["username"],
                "local_name": local_name(post["username"]),
                "trust_level": post.get("trust_level"),
                "is_forum_staff": post.get("staff"),
                "primary_group": post.get("primary_group_name") or None,
            }


def author_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    for post in record["posts"]:
        account = hash_of("id", post.get("user_id"))
        if account and post.get("username"):
            profile = f"/u/{post['username']}"
            yield Handle("id", account, post["username"], post.get("name") or None, profile)


TOPICS = Stream(
    name="topics",
    about="a topic as it is now",
    key=("id",),
    counted_at="created_at",
    rows=topic_rows,
    keep={
        "id": required(int64),
        "category_id": int64,
        "tags": texts,
        "posts_count": int64,
        "highest_post_number": int64,
        "reply_count": int64,
        "like_count": int64,
        "created_at": required(instant),
        "last_posted_at": instant,
        "bumped_at": instant,
        "closed": boolean,
        "archived": boolean,
        "visible": boolean,
    },
)
POSTS = Stream(
    name="posts",
    same_person=(("author", "author_id"),),
    about="a post as it is now: regular ones are type 1",
    key=("id",),
    counted_at="created_at",
    goes_with=("topic_id", "topics"),
    rows=post_rows,
    keep={
        "id": required(int64),
        "topic_id": required(int64),
        "post_number": int64,
        "post_type": int64,
        "author": pseudonym("username"),
        "author_id": pseudonym("id"),
        "is_system": boolean,
        "created_at": required(instant),
        "updated_at": instant,
        "version": int64,
        "reply_to_post_number": int64,
        "likes": int64,
        "hidden": boolean,
        "user_deleted": boolean,
    },
)
USERS = Stream(
    name="users",
    same_person=(("account", "username"),),
    handles=author_handles,
    about="an author as last seen in a post",
    key=("account",),
    rows=user_rows,
    keep={
        "account": required(pseudonym("id")),
        "username": required(pseudonym("username")),
        "trust_level": int64,
        "is_forum_staff": boolean,
        "primary_group": text,
        "local_name": pseudonym("mail:local"),
    },
)

LAST_MONTH = Reread("last_month", window=timedelta(days=30), every=timedelta(days=1))
EVERY_QUARTER = Reread("every_quarter", window=None, every=timedelta(days=90))

PROGRAMME = "mission-mozillians"


def of(tags: tuple[str, ...], categories: tuple[int, ...]) -> Source:
    """The source, limited to these tags and categories (numbers); without any to the programme's tag."""
    chosen = tags if tags or categories else (PROGRAMME,)
    return Source(
        name="discourse",
        title="Discourse",
        base_url="https://discourse.mozilla.org",
        opened_on=date(2013, 1, 1),
        grace=timedelta(days=2),
        pace=Pace(per_minute=120, connections=4),
        feeds=(
            Feed(
                "topics",
                TaggedTopics(chosen, categories, rereads=(LAST_MONTH, EVERY_QUARTER)),
                (TOPICS, POSTS, USERS),
            ),
        ),
    )


SOURCE = of((), ())

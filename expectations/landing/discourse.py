"""What must hold before a batch of Discourse is written (its interface: `sources/discourse.py`)."""

from expectations.gate import expect
from expectations.landing.common import filled, gate, in_order, not_negative, pseudonyms, since_opening
from pipelines.sources import discourse
from pipelines.sources.discourse import SOURCE

TOPICS = gate(
    SOURCE,
    discourse.TOPICS,
    since_opening(SOURCE, "created_at"),
    not_negative("posts_count", "a topic has no fewer than zero posts"),
    in_order("created_at", "bumped_at", "a topic is bumped after it was begun", mostly=0.9),
    filled("tags", 0.95, "topics are found by their tags, so they show them"),
)

POSTS = gate(
    SOURCE,
    discourse.POSTS,
    since_opening(SOURCE, "created_at"),
    pseudonyms("author"),
    filled("author", 0.95, "nearly every post names its author"),
    filled("author_id", 0.95, "nearly every post names its author by number"),
    expect(
        "ExpectColumnValuesToBeInSet",
        column="post_type",
        value_set=[1, 2, 3, 4],
        severity="warning",
        notes="a post is regular, a moderator's, a small action or a whisper",
    ),
    not_negative("likes", "a post has no fewer than zero likes"),
)

USERS = gate(SOURCE, discourse.USERS, pseudonyms("username"))

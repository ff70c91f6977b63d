"""Discourse in bulk: the topics of a month with their posts until the end.

Most topics are begun by staff; a few hold most of the posts. Some ten thousand topics at most, so that they
are made as native records alone and become the lake's rows by the stream's own rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipelines.simulation.generator.bulk.crowd import STAFF, VOLUNTEER, Crowd
from pipelines.simulation.generator.bulk.draws import Pool, rng_of, stamps, waits
from pipelines.simulation.generator.chance import HOUR, MINUTE
from pipelines.simulation.generator.discourse import TAG
from pipelines.simulation.world import Record
from pipelines.sources.names import local_name

SYSTEM = 6
TOPICS_A_MONTH, POSTS_A_MONTH = 10_000, 200_000


@dataclass
class Month:
    """Topics as lists show them, posts as topics show them, and acts: (event type, account, moment,
    number)."""

    topics: list[Record] = field(default_factory=list)
    posts: list[Record] = field(default_factory=list)
    acts: list[tuple[str, int, int, int]] = field(default_factory=list)


def pools(crowd: Crowd) -> tuple[Pool, Pool]:
    """Everybody who writes, and staff."""
    own = crowd.accounts["discourse"]
    staff = crowd.of_person("discourse", "affiliation", VOLUNTEER) == STAFF
    return crowd.pool("discourse", "everybody", own.weight), crowd.pool(
        "discourse", "staff", own.weight * staff
    )


def draw(crowd: Crowd, month: int) -> Month:
    rng, (everybody, staff) = rng_of(crowd.seed, SYSTEM, month), pools(crowd)
    opened, made = crowd.opened("discourse"), Month()
    if int(crowd.calendar.ends[month]) <= opened:
        return made
    count = int(rng.poisson(crowd.size.topics * crowd.calendar.share(month, opened)))
    starts = np.maximum(opened, crowd.calendar.moments(rng, month, count))
    for turn, start in enumerate(starts.tolist()):
        length = 1 + min(150, int(9.0 * np.exp(0.9 * rng.standard_normal())))
        at = start + np.r_[0, np.cumsum(waits(rng, length - 1, 9 * HOUR, 1.2))]
        at = at[at < crowd.size.end] // 1_000 * 1_000
        who = everybody.pick(rng, at)
        if rng.random() < 0.7:
            who[:1] = staff.pick(rng, at[:1])
        if who[0] < 0:
            who[:1] = everybody.pick(rng, at[:1])
        at, who = at[who >= 0], who[who >= 0]
        if len(at) and turn < TOPICS_A_MONTH and len(made.posts) + len(at) < POSTS_A_MONTH:
            _topic(crowd, rng, made, month, turn, at, who)
    return made


def _topic(
    crowd: Crowd,
    rng: np.random.Generator,
    made: Month,
    month: int,
    turn: int,
    at: np.ndarray,
    who: np.ndarray,
) -> None:
    number = 25_001 + month * TOPICS_A_MONTH + turn
    first = 200_001 + month * POSTS_A_MONTH + len(made.posts)
    edited, likes = rng.random(len(at)) < 0.1, rng.poisson(0.6, len(at))
    hidden, replies = rng.random(len(at)) < 0.005, rng.random(len(at)) < 0.5
    written, changed = (stamps(one, "ms").to_pylist() for one in (at, at + np.where(edited, 20 * MINUTE, 0)))
    posts = []
    for place, account in enumerate(who.tolist()):
        reply = int(rng.integers(1, place + 1)) if place > 1 and replies[place] else None
        posts.append(_post(crowd, account, {
            "id": first + place, "topic_id": number, "post_number": place + 1, "created_at": written[place],
            "updated_at": changed[place], "version": 2 if edited[place] else 1, "reply_to_post_number": reply,
            "actions_summary": [{"id": 2, "count": int(likes[place])}] if likes[place] else [],
            "hidden": bool(hidden[place]),
        }))  # fmt: skip
        event = "reply_posted" if place else "topic_created"
        made.acts.append((event, account, int(at[place]), first + place))
    last = posts[-1]["created_at"]
    made.topics.append(
        {
            "id": number,
            "title": f"Monthly update {number}",
            "slug": f"monthly-update-{number}",
            "category_id": 5 + turn % 4,
            "tags": [TAG, "announcement"] if turn % 3 == 0 else [TAG],
            "posts_count": len(posts),
            "highest_post_number": posts[-1]["post_number"],
            "reply_count": sum(post["reply_to_post_number"] is not None for post in posts),
            "like_count": int(likes.sum()),
            "views": 40 * len(posts),
            "created_at": posts[0]["created_at"],
            "last_posted_at": None if turn % 17 == 3 else last,
            "bumped_at": last,
            "pinned": False,
            "visible": True,
            "closed": False,
            "archived": False,
            "posters": [{"user_id": posts[0]["user_id"], "description": "Original Poster"}],
        }
    )
    made.posts += posts


def _post(crowd: Crowd, account: int, own: Record) -> Record:
    known = crowd.accounts["discourse"]
    staff = bool(crowd.people.affiliation[known.person[account]] == STAFF)
    return {
        "post_type": 1, "username": known.handle[account], "name": known.shown[account] or None,
        "user_id": int(known.native[account]), "reply_count": 0, "score": 1.5, "trust_level": 1 + account % 3,
        "admin": False, "moderator": staff, "staff": staff, "primary_group_name": "staff" if staff else None,
        "user_deleted": False, "deleted_at": None, "accepted_answer": False, "cooked": "<p>Hello.</p>", **own,
    }  # fmt: skip


def users(crowd: Crowd, accounts: np.ndarray) -> list[Record]:
    """The kept fields of those who wrote, as the newest post shows them."""
    found = []
    for account in accounts.tolist():
        post = _post(crowd, account, {})
        found.append({
            "account": post["user_id"], "username": post["username"], "trust_level": post["trust_level"],
            "local_name": local_name(post["username"]),
            "is_forum_staff": post["staff"], "primary_group": post["primary_group_name"],
        })  # fmt: skip
    return found

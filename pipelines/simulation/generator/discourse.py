"""What people write under the programme's tag on Discourse: announcements, mostly by staff, and talk.

Hard cases made here: a few long topics with most of the posts, a pinned topic, topics without a last post,
small actions (closed) that are no posts of anybody, edited, liked and hidden posts, deleted posts whose
numbers are missing. Nothing is noted as a contribution: these accounts are in no planted truth.
"""

from __future__ import annotations

from pipelines.simulation.generator.chance import DAY, HOUR, SECOND, Chance, moment
from pipelines.simulation.generator.people import Account, Roster
from pipelines.simulation.generator.scale import Scale
from pipelines.simulation.world import DiscourseWorld, Record

TAG = "mission-mozillians"
MONTH = 30 * DAY
FIRST_NUMBER = 4_001


def person_of(number: int) -> int:
    """Whose account has this number here."""
    return (number - FIRST_NUMBER) // 3


def make(scale: Scale, seed: int, roster: Roster) -> DiscourseWorld:
    """All topics with their posts, up to the end of the world."""
    chance = Chance(seed, 6)
    writers = _writers(chance, roster)
    world = DiscourseWorld()
    number = 200_000
    starts = sorted(
        chance.whole(scale.start, scale.end - DAY)
        for _ in range(round(scale.topics_per_month * (scale.end - scale.start) / MONTH))
    )
    for place, start in enumerate(starts):
        posts: list[Record] = []
        at, topic_id = start, 25_001 + 3 * place
        for turn in range(1 + min(150, int(chance.heavy(9.0, 0.9)))):
            author = _author(chance, writers, at, is_first=turn == 0)
            if at >= scale.end or author is None:
                break
            number += chance.whole(1, 5)
            posts.append(_post(chance, number, topic_id, turn + 1, author, at))
            at += chance.after(9 * HOUR, 1.2)
        if not posts:
            continue
        if place % 11 == 5:
            number += 1
            posts.append(_closing(number, topic_id, len(posts) + 1, posts[-1]))
        if len(posts) > 6 and place % 4 == 1:
            del posts[3]
        world.topics.append(_topic(topic_id, place, posts))
        world.posts += posts
    return world


def _writers(chance: Chance, roster: Roster) -> list[Account]:
    """Every fourth contributor writes here, and most of the staff, under names of their own."""
    writers = []
    for person in [one for one in roster.people if one.kind == "contributor"]:
        if chance.happens(0.8 if person.affiliation == "staff" else 0.2):
            native = FIRST_NUMBER + 3 * person.number
            name = person.name.lower().replace(" ", "_") + str(person.number % 10)
            writers.append(Account(0, person, "discourse", native, name, person.name))
    return writers


def _author(chance: Chance, writers: list[Account], at: int, is_first: bool) -> Account | None:
    """Somebody there at that time; most topics are begun by staff."""
    there = [one for one in writers if one.person and one.person.joined <= at < one.person.left]
    staff = [one for one in there if one.person and one.person.affiliation == "staff"]
    if is_first and staff and chance.happens(0.7):
        return chance.one(staff)
    weights = [one.person.energy if one.person else 0.0 for one in there]
    place = chance.weighted(weights)
    return None if place is None else there[place]


def _post(chance: Chance, number: int, topic: int, place: int, author: Account, at: int) -> Record:
    assert author.person
    edited = chance.happens(0.1)
    likes = chance.count(0.6)
    reply = chance.whole(1, place) if place > 2 and chance.happens(0.5) else None
    return {
        "id": number,
        "topic_id": topic,
        "post_number": place,
        "post_type": 1,
        "username": author.username,
        "name": author.name,
        "user_id": author.native_id,
        "created_at": written(at),
        "updated_at": written(at + (20 * 60 * SECOND if edited else 0)),
        "version": 2 if edited else 1,
        "reply_to_post_number": reply,
        "reply_count": 0,
        "actions_summary": [{"id": 2, "count": likes}] if likes else [],
        "score": 1.5,
        "trust_level": 1 + author.number % 3,
        "admin": False,
        "moderator": author.person.affiliation == "staff",
        "staff": author.person.affiliation == "staff",
        "primary_group_name": "staff" if author.person.affiliation == "staff" else None,
        "hidden": chance.happens(0.005),
        "user_deleted": False,
        "deleted_at": None,
        "accepted_answer": False,
        "cooked": "<p>Hello.</p>",
    }


def _closing(number: int, topic: int, place: int, last: Record) -> Record:
    """The note that a topic was closed: a small action of the system."""
    system = {
        "username": "system", "name": "system", "user_id": -1, "trust_level": 4, "admin": True,
        "moderator": True, "staff": True, "primary_group_name": None,
    }  # fmt: skip
    return {
        **last,
        **system,
        "post_type": 3,
        "id": number,
        "topic_id": topic,
        "post_number": place,
        "actions_summary": [],
    }


def _topic(number: int, place: int, posts: list[Record]) -> Record:
    last = posts[-1]["created_at"]
    return {
        "id": number,
        "title": f"Monthly update {place}",
        "slug": f"monthly-update-{place}",
        "category_id": 5 + place % 4,
        "tags": [TAG, "announcement"] if place % 3 == 0 else [TAG],
        "posts_count": len(posts),
        "highest_post_number": posts[-1]["post_number"],
        "reply_count": sum(post["reply_to_post_number"] is not None for post in posts),
        "like_count": sum(one["count"] for post in posts for one in post["actions_summary"]),
        "views": 40 * len(posts),
        "created_at": posts[0]["created_at"],
        "last_posted_at": None if place % 17 == 3 else last,
        "bumped_at": last,
        "pinned": place == 7,
        "visible": True,
        "closed": posts[-1]["post_type"] == 3,
        "archived": False,
        "posters": [{"user_id": posts[0]["user_id"], "description": "Original Poster"}],
    }


def written(at: int) -> str:
    """UTC with milliseconds and `Z`, as Discourse writes it."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")

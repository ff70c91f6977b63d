"""A world that goes on while it is read: rows change, arrive and vanish between two requests.

`Living` keeps one source's part of a world, its clock, and the interface over it, made anew after each
change; whatever was being answered meanwhile came from the world before. `records` is what a perfect reader
would hold now. `ACTS` are the things that happen by chance: each is one event in the source's own manner.
Not in here: how answers are broken (`faults.py`), nor what an interface answers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from pipelines.simulation.servers import knowledge
from pipelines.simulation.servers.flags import flag_events, products
from pipelines.simulation.servers.http_server import Handler, Request, Response
from pipelines.simulation.world import Record, World

Key = str
Act = Callable[["Living", np.random.Generator], None]


def key_of(source: str, stream: str, record: Record) -> Key:
    """What names a record at its source, as text."""
    if (source, stream) == ("pontoon", "actions"):
        return f"{record['type']}|{record['date']}|{record['translation']['pk']}"
    if source == "pontoon":
        return str(record["code" if stream == "locales" else "slug"])
    if (source, stream) == ("sumo", "locales"):
        return str(record["code"])
    if source == "reps":
        return str(record["_url"]).rstrip("/").rpartition("/")[2]
    return str(record["id"])


class Living:
    """One source of a world. Thread-safe; every change makes a new interface over new lists."""

    def __init__(self, world: World, source: str, interface: Callable[[World, datetime], Handler]) -> None:
        self.source = source
        self.clock = world.now[source]
        self._world, self._interface = world, interface
        self._lock = threading.RLock()
        self._handler = interface(world, self.clock)

    def handle(self, request: Request) -> Response:
        return self._handler(request)

    def advance(self, by: timedelta) -> None:
        """Let time pass: the clock that every answer carries."""
        with self._lock:
            self.clock += by
            self._handler = self._interface(self._world, self.clock)

    def tick(self) -> str:
        """A second later; the new time as the source writes it."""
        self.clock += timedelta(seconds=1)
        return written(self.clock)

    def records(self, stream: str) -> dict[Key, Record]:
        """What a perfect reader would hold now: nothing of a bug in a group, even where it is shown."""
        with self._lock:
            rows = self._list(stream)
            if (self.source, stream) == ("bugzilla", "bugs"):
                rows = [bug for bug in rows if not bug.get("groups")]
            if (self.source, stream) == ("sumo", "revisions"):
                rows = [row for row in rows if row["creator"] != knowledge.MACHINE]
            return {key_of(self.source, stream, record): record for record in rows}

    def edit(self, stream: str, key: Key, **fields: Any) -> None:
        """Change fields of a record, and nothing else: no time moves unless it is given."""
        (row,) = (one for one in self._list(stream) if key_of(self.source, stream, one) == key)
        self.change(stream, [{**row, **fields}])

    def rename(self, old: str, new: str, fields: frozenset[str], *streams: str) -> None:
        """Another name in the place of this one, in these fields of all records: no time moves."""
        for stream in streams:
            self._replace(stream, [_renamed(row, old, new, fields) for row in self._list(stream)])

    def remove(self, stream: str, *keys: Key) -> None:
        gone = set(keys)
        self._replace(
            stream, [row for row in self._list(stream) if key_of(self.source, stream, row) not in gone]
        )

    def add(self, stream: str, *records: Record) -> None:
        self._replace(stream, [*self._list(stream), *records])

    def change(self, stream: str, records: Iterable[Record]) -> None:
        """Put these in the places of the records with the same keys."""
        new = {key_of(self.source, stream, record): record for record in records}
        self._replace(stream, [new.get(key_of(self.source, stream, row), row) for row in self._list(stream)])

    def _list(self, stream: str) -> list[Record]:
        part: Any = getattr(self._world, self.source)
        if self.source == "bugzilla":
            if stream == "flag_activity":
                return flag_events(bug for bug in part if not bug.get("groups"))
            return products(part) if stream == "products" else list(part)
        if (self.source, stream) == ("sumo", "products"):
            return knowledge.products(part)
        if (self.source, stream) == ("sumo", "locales"):
            return [{"code": code, **row} for code, row in knowledge.locales(part).items()]
        if (self.source, stream) == ("pontoon", "actions"):
            projects = {row["slug"]: {"slug": row["slug"], "pk": row.get("pk")} for row in part.projects}
            return [
                {**action, "project": projects.get(slug, {"slug": slug})}
                for (slug, _), actions in sorted(part.actions.items())
                for action in actions
            ]
        return list(getattr(part, stream) or ())

    def _replace(self, stream: str, rows: list[Record]) -> None:
        with self._lock:
            part: Any = getattr(self._world, self.source)
            if self.source == "bugzilla":
                new: Any = rows
            elif (self.source, stream) == ("pontoon", "actions"):
                days: dict[Any, list[Record]] = {key: [] for key in part.actions}
                for row in rows:
                    on = datetime.fromisoformat(row["date"]).astimezone(UTC).date()
                    bare = {name: value for name, value in row.items() if name != "project"}
                    days.setdefault((row["project"]["slug"], on), []).append(bare)
                new = replace(part, actions=days)
            else:
                new = replace(part, **{stream: rows})
            self._world = replace(self._world, **{self.source: new})
            self._handler = self._interface(self._world, self.clock)

    def happen(self, kind: str, chance: np.random.Generator) -> None:
        """One event of this kind, where the source knows it."""
        with self._lock:
            act = ACTS.get((self.source, kind))
            if act is not None:
                act(self, chance)


def _renamed(value: Any, old: str, new: str, fields: frozenset[str]) -> Any:
    """The same value with the new name where a field, at any depth, has the old one."""
    if isinstance(value, dict):
        return {
            name: new if part == old and name in fields else _renamed(part, old, new, fields)
            for name, part in value.items()
        }
    return [_renamed(part, old, new, fields) for part in value] if isinstance(value, list) else value


def written(moment: datetime) -> str:
    """UTC with `Z`, as Bugzilla and SUMO write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _one(living: Living, stream: str, chance: np.random.Generator) -> Record | None:
    rows = list(living.records(stream).values())
    return rows[int(chance.integers(len(rows)))] if rows else None


# --- Bugzilla -----------------------------------------------------------------------------------


def bug_edited(living: Living, chance: np.random.Generator) -> None:
    """Somebody changes the priority: the history grows, the time of change moves."""
    bug = _one(living, "bugs", chance)
    if bug is None:
        return
    now = living.tick()[:19] + "Z"
    changes = [{"field_name": "priority", "removed": bug.get("priority", "--"), "added": "P1"}]
    entry = {"when": now, "who": bug["creator"], "changes": changes}
    living.edit(
        "bugs",
        str(bug["id"]),
        priority="P1",
        last_change_time=now,
        history=[*(bug.get("history") or []), entry],
    )


def information_asked(living: Living, chance: np.random.Generator) -> None:
    """Somebody asks the reporter of a bug for information: a flag is set, the time of change moves."""
    bug = _one(living, "bugs", chance)
    if bug is None or not bug.get("creator_detail"):
        return
    now = living.tick()[:19] + "Z"
    asked = f"needinfo?({bug['creator']})"
    changes = [{"field_name": "flagtypes.name", "removed": "", "added": asked}]
    entry = {"when": now, "who": bug["creator"], "changes": changes}
    history = [*(bug.get("history") or []), entry]
    living.edit("bugs", str(bug["id"]), last_change_time=now, history=history)


def bug_edited_silently(living: Living, chance: np.random.Generator) -> None:
    """History with an old date, written by an administrator's script: no time moves."""
    bug = _one(living, "bugs", chance)
    if bug is None or not bug.get("history"):
        return
    changes = [{"field_name": "severity", "removed": "--", "added": f"S{chance.integers(1, 5)}"}]
    entry = {"when": bug["history"][0]["when"], "who": bug["creator"], "changes": changes}
    living.edit("bugs", str(bug["id"]), history=[*bug["history"], entry])


def bug_hidden(living: Living, chance: np.random.Generator) -> None:
    bug = _one(living, "bugs", chance)
    if bug is not None:
        living.remove("bugs", str(bug["id"]))


def bug_grouped(living: Living, chance: np.random.Generator) -> None:
    """A bug is put into a group that our account sees into: it is shown as before, and nobody's business."""
    bug = _one(living, "bugs", chance)
    if bug is not None:
        _put_into(living, bug, "", "core-security")


def bug_opened(living: Living, chance: np.random.Generator) -> None:
    """A bug is taken out of its group: everybody may see it again, with all that happened meanwhile."""
    grouped = [bug for bug in living._list("bugs") if bug.get("groups")]
    if grouped:
        _put_into(living, grouped[int(chance.integers(len(grouped)))], "core-security", "")


def _put_into(living: Living, bug: Record, removed: str, added: str) -> None:
    now = living.tick()[:19] + "Z"
    changes = [{"field_name": "bug_group", "removed": removed, "added": added}]
    history = [*(bug.get("history") or []), {"when": now, "who": bug["creator"], "changes": changes}]
    groups = [added] if added else []
    living.edit("bugs", str(bug["id"]), groups=groups, last_change_time=now, history=history)


LOGIN_FIELDS = frozenset(("creator", "author", "assigned_to", "who", "setter", "requestee", "name", "email"))


def login_changed(living: Living, chance: np.random.Generator) -> None:
    """Somebody's log-in: it is another one wherever it is looked up, and the old one in texts of the history.

    Not of somebody whom a flag asked: here the asked are known by the text alone.
    """
    texts = " ".join(
        f"{change['removed']} {change['added']}"
        for bug in living.records("bugs").values()
        for entry in bug.get("history") or ()
        for change in entry["changes"]
        if change["field_name"] == "flagtypes.name"
    )
    logins = {bug["creator"] for bug in living.records("bugs").values() if bug.get("creator_detail")}
    never_asked = sorted(login for login in logins if f"({login})" not in texts)
    if never_asked:
        old = never_asked[int(chance.integers(len(never_asked)))]
        living.rename(old, f"{_new_name(living)}@example.org", LOGIN_FIELDS, "bugs")


def _new_name(living: Living) -> str:
    """A name that nobody has had: the second in which it is taken."""
    return f"renamed-{re.sub('[^0-9]', '', living.tick())[:14]}"


# --- SUMO ---------------------------------------------------------------------------------------


def question_answered(living: Living, chance: np.random.Generator) -> None:
    """A new answer; its question's `updated` is some milliseconds later."""
    question = _one(living, "questions", chance)
    if question is None:
        return
    now = living.tick()
    number = max((int(key) for key in living.records("answers")), default=0) + 1
    model = _one(living, "answers", chance) or {}
    answer = {
        **model,
        "id": number,
        "question": question["id"],
        "created": now,
        "updated": now,
        "creator": question["creator"],
        "is_spam": False,
    }
    living.add("answers", answer)
    living.edit(
        "questions",
        str(question["id"]),
        answers=[*question["answers"], number],
        num_answers=question["num_answers"] + 1,
        last_answer=number,
        updated=living.tick(),
    )


def question_solved(living: Living, chance: np.random.Generator) -> None:
    """A solution is chosen: nothing tells of it."""
    recent = written(living.clock - timedelta(days=180))
    open_ones = [
        row
        for row in living.records("questions").values()
        if row["answers"] and not row["is_solved"] and row["created"] > recent
    ]
    if open_ones:
        question = open_ones[int(chance.integers(len(open_ones)))]
        living.edit("questions", str(question["id"]), is_solved=True, solution=question["answers"][0])


def answer_deleted(living: Living, chance: np.random.Generator) -> None:
    """The row is gone and its question lists it no more; no time moves."""
    answer = _one(living, "answers", chance)
    if answer is None:
        return
    living.remove("answers", str(answer["id"]))
    question = living.records("questions").get(str(answer["question"]))
    if question is not None:
        left = [number for number in question["answers"] if number != answer["id"]]
        living.edit("questions", str(question["id"]), answers=left, num_answers=len(left))


def asker_erased(living: Living, chance: np.random.Generator) -> None:
    """Deletion of an account: what it wrote loses its author, its unanswered questions go."""
    question = _one(living, "questions", chance)
    if question is None or not question["creator"]:
        return
    name = question["creator"]["username"]

    def is_theirs(row: Record) -> bool:
        return bool(row.get("creator")) and row["creator"]["username"] == name

    mine = [row for row in living.records("questions").values() if is_theirs(row)]
    living.remove("questions", *(str(row["id"]) for row in mine if not row["answers"]))
    living.change(
        "questions", [{**row, "creator": None, "is_locked": True} for row in mine if row["answers"]]
    )
    theirs = [row for row in living.records("answers").values() if is_theirs(row)]
    living.change("answers", [{**row, "creator": None} for row in theirs])
    users = [key for key, row in living.records("users").items() if row["username"] == name]
    living.remove("users", *users)


def revision_saved(living: Living, chance: np.random.Generator) -> None:
    """Somebody saves an article once more."""
    model = _one(living, "revisions", chance)
    if model is not None:
        number = max(int(key) for key in living.records("revisions")) + 1
        living.add("revisions", {**model, "id": number, "created": living.tick()[:19] + "Z"})


def revision_deleted(living: Living, chance: np.random.Generator) -> None:
    revision = _one(living, "revisions", chance)
    if revision is not None:
        living.remove("revisions", str(revision["id"]))


def question_backdated(living: Living, chance: np.random.Generator) -> None:
    """A row that arrives with an old `created`, as after an import: its `updated` is new."""
    model = _one(living, "questions", chance)
    if model is None:
        return
    number = max(int(key) for key in living.records("questions")) + 1
    living.add(
        "questions", {**model, "id": number, "answers": [], "num_answers": 0, "updated": living.tick()}
    )


def username_changed(living: Living, chance: np.random.Generator) -> None:
    user = _one(living, "users", chance)
    if user is not None:
        fields = frozenset(("username", "creator"))
        streams = ("users", "questions", "answers", "revisions")
        living.rename(user["username"], _new_name(living), fields, *streams)


# --- Pontoon ------------------------------------------------------------------------------------


def translation_deleted(living: Living, chance: np.random.Generator) -> None:
    """All actions of a translation vanish, on all days."""
    action = _one(living, "actions", chance)
    if action is not None:
        number = action["translation"]["pk"]
        every = living.records("actions").items()
        living.remove("actions", *(key for key, row in every if row["translation"]["pk"] == number))


def translator_erased(living: Living, chance: np.random.Generator) -> None:
    """The account's rows go to a fresh placeholder; as many rows as before."""
    action = _one(living, "actions", chance)
    if action is None:
        return
    old = action["user"]["pk"]
    placeholder = {**action["user"], "pk": old + 1_000_000, "name": "Deleted User"}
    theirs = [row for row in living.records("actions").values() if row["user"]["pk"] == old]
    living.change("actions", [{**row, "user": placeholder} for row in theirs])


def translator_renamed(living: Living, chance: np.random.Generator) -> None:
    """One account takes another name; those who share the old one keep it."""
    action = _one(living, "actions", chance)
    if action is None or action["user"].get("system_user"):
        return
    user = {**action["user"], "name": _new_name(living)}
    theirs = [row for row in living.records("actions").values() if row["user"]["pk"] == user["pk"]]
    living.change("actions", [{**row, "user": user} for row in theirs])


# --- Reps ---------------------------------------------------------------------------------------


def report_backdated(living: Living, chance: np.random.Generator) -> None:
    """A report for an old day: it comes somewhere in the middle of the list."""
    model = _one(living, "activities", chance)
    if model is None:
        return
    number = max(int(key) for key in living.records("activities")) + 1
    address = str(model["_url"]).rstrip("/").rpartition("/")[0]
    page = str(model["remo_url"]).rstrip("/").rpartition("/")[0]
    living.add("activities", {**model, "_url": f"{address}/{number}/", "remo_url": f"{page}/{number}/"})


def report_deleted(living: Living, chance: np.random.Generator) -> None:
    report = _one(living, "activities", chance)
    if report is not None:
        living.remove("activities", key_of("reps", "activities", report))


def rep_renamed(living: Living, chance: np.random.Generator) -> None:
    person = _one(living, "people", chance)
    if person is not None:
        streams = ("people", "events", "activities")
        living.rename(person["display_name"], _new_name(living), frozenset(("display_name",)), *streams)


# --- Discourse ----------------------------------------------------------------------------------


def old_topic_bumped(living: Living, chance: np.random.Generator) -> None:
    """Somebody replies to an old topic, whose list row has no time of a last post."""
    topics = sorted(living.records("topics").values(), key=lambda row: str(row["created_at"]))
    if not topics:
        return
    topic = topics[int(chance.integers(1 + len(topics) // 4))]
    posts = living.records("posts")
    model = next(row for row in posts.values() if row["topic_id"] == topic["id"])
    now = living.tick()[:19] + ".000Z"
    number = max(map(int, posts)) + 1
    place = topic["highest_post_number"] + 1
    times = {"created_at": now, "updated_at": now}
    living.add("posts", {**model, "id": number, "post_number": place, "actions_summary": [], **times})
    living.edit(
        "topics",
        str(topic["id"]),
        posts_count=topic["posts_count"] + 1,
        highest_post_number=place,
        bumped_at=now,
        last_posted_at=None,
    )


def post_edited(living: Living, chance: np.random.Generator) -> None:
    """A post of a lively topic is edited and liked; its topic's row does not show it."""
    recent = written(living.clock - timedelta(days=25))
    lively = {row["id"] for row in living.records("topics").values() if row["bumped_at"] > recent}
    posts = [row for row in living.records("posts").values() if row["topic_id"] in lively]
    if posts:
        post = posts[int(chance.integers(len(posts)))]
        liked = [{"id": 2, "count": 9}]
        living.edit("posts", str(post["id"]), version=post["version"] + 1, actions_summary=liked)


def post_deleted(living: Living, chance: np.random.Generator) -> None:
    post = _one(living, "posts", chance)
    if post is None or post["post_number"] == 1:
        return
    living.remove("posts", str(post["id"]))
    topic = living.records("topics")[str(post["topic_id"])]
    living.edit("topics", str(topic["id"]), posts_count=topic["posts_count"] - 1)


def topic_deleted(living: Living, chance: np.random.Generator) -> None:
    topic = _one(living, "topics", chance)
    if topic is not None:
        theirs = [key for key, row in living.records("posts").items() if row["topic_id"] == topic["id"]]
        living.remove("posts", *theirs)
        living.remove("topics", str(topic["id"]))


def post_moved(living: Living, chance: np.random.Generator) -> None:
    """A post goes to the end of another topic under its own number: no time moves, no topic is bumped."""
    post, topics = _one(living, "posts", chance), living.records("topics")
    if post is None or post["post_number"] == 1 or len(topics) < 2:
        return
    before = topics.pop(str(post["topic_id"]))
    after = list(topics.values())[int(chance.integers(len(topics)))]
    place = after["highest_post_number"] + 1
    moved = {"topic_id": after["id"], "post_number": place, "reply_to_post_number": None}
    living.edit("posts", str(post["id"]), **moved)
    living.edit("topics", str(before["id"]), posts_count=before["posts_count"] - 1)
    counts = {"posts_count": after["posts_count"] + 1, "highest_post_number": place}
    living.edit("topics", str(after["id"]), **counts)


def author_renamed(living: Living, chance: np.random.Generator) -> None:
    post = _one(living, "posts", chance)
    if post is not None and post["user_id"] > 0:
        living.rename(post["username"], _new_name(living), frozenset(("username",)), "posts")


def _either(*acts: Act) -> Act:
    return lambda living, chance: acts[int(chance.integers(len(acts)))](living, chance)


ACTS: dict[tuple[str, str], Act] = {
    ("bugzilla", "moving"): _either(bug_edited, information_asked, bug_opened),
    ("bugzilla", "late"): bug_edited_silently,
    ("bugzilla", "hide"): _either(bug_hidden, bug_grouped),
    ("bugzilla", "rename"): login_changed,
    ("sumo", "moving"): _either(question_answered, question_solved, revision_saved),
    ("sumo", "late"): question_backdated,
    ("sumo", "erase"): _either(answer_deleted, asker_erased, revision_deleted),
    ("sumo", "rename"): username_changed,
    ("pontoon", "erase"): _either(translation_deleted, translator_erased),
    ("pontoon", "rename"): translator_renamed,
    ("discourse", "moving"): _either(old_topic_bumped, post_edited, post_moved),
    ("discourse", "erase"): _either(post_deleted, topic_deleted),
    ("discourse", "rename"): author_renamed,
    ("reps", "late"): report_backdated,
    ("reps", "erase"): report_deleted,
    ("reps", "rename"): rep_renamed,
}
"""(source, kind of event) -> what happens."""

EVENTS = ("moving", "late", "erase", "hide", "rename")

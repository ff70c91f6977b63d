"""Discourse's interface over the topics and posts of a world: lists by tag, category and bump, topics, posts.

The default order of a tag's list puts pinned topics first on its first page; the order of creation does not.
A topic comes with its first twenty posts and the ids of all. Tags come as texts on even topics and as
objects on odd ones, as older and newer servers send them. Not served: users, badges, search, writing.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.simulation.servers.http_server import Handler, Request, Response, answer_json, html
from pipelines.simulation.world import DiscourseWorld, Record

PAGE_TOPICS = 30
CHUNK = 20
NOT_FOUND = {"errors": ["The requested URL or resource could not be found."], "error_type": "not_found"}


def interface(world: DiscourseWorld) -> Handler:
    """The handler of all paths."""
    topics = {topic["id"]: topic for topic in world.topics}
    posts: dict[int, list[Record]] = {number: [] for number in topics}
    for post in sorted(world.posts, key=lambda row: (row["topic_id"], row["post_number"])):
        posts.setdefault(post["topic_id"], []).append(post)
    by_id = {post["id"]: post for post in world.posts}

    def handle(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return html(403, "Forbidden")
        path = request.path.removesuffix(".json")
        tagged = re.fullmatch(r"/tag/([\w-]+)(?:/l/latest)?", path)
        if tagged:
            rows = [topic for topic in topics.values() if tagged.group(1) in topic["tags"]]
            return _list(request, rows, path) if rows or not topics else answer_json(NOT_FOUND, 404)
        category = re.fullmatch(r"/c/(?:[\w-]+/)?(\d+)/none/l/latest", path)
        if category:
            rows = [topic for topic in topics.values() if topic["category_id"] == int(category.group(1))]
            return _list(request, rows, path) if rows else answer_json(NOT_FOUND, 404)
        if path == "/latest":
            return _list(request, list(topics.values()), path)
        one = re.fullmatch(r"/t/(\d+)(/posts)?", path)
        if one and int(one.group(1)) in topics:
            return _topic(request, topics[int(one.group(1))], posts[int(one.group(1))], bool(one.group(2)))
        single = re.fullmatch(r"/posts/(\d+)", path)
        if single and int(single.group(1)) in by_id:
            return answer_json({**by_id[int(single.group(1))], "raw": "Hello."})
        return answer_json(NOT_FOUND, 404)

    return handle


def _list(request: Request, rows: list[Record], path: str) -> Response:
    visible = [topic for topic in rows if topic["visible"]]
    order = request.last("order")
    if order == "created":
        ascending = request.last("ascending") == "true"
        visible.sort(key=lambda topic: (topic["created_at"], topic["id"]), reverse=not ascending)
    else:
        visible.sort(key=lambda topic: (topic["pinned"], topic["bumped_at"], topic["id"]), reverse=True)
    page = request.last("page") or "0"
    start = PAGE_TOPICS * (int(page) if page.isdigit() else 0)
    shown = visible[start : start + PAGE_TOPICS]
    listed: dict[str, Any] = {
        "can_create_topic": False,
        "per_page": PAGE_TOPICS,
        "topics": [_shown(topic) for topic in shown],
    }
    if start + PAGE_TOPICS < len(visible):
        listed["more_topics_url"] = f"{path}?page={int(page) + 1}"
    return answer_json({"users": [], "topic_list": listed})


def _shown(topic: Record) -> Record:
    if topic["id"] % 2:
        tags = [{"id": 1 + len(name), "name": name, "slug": name} for name in topic["tags"]]
        return {**topic, "tags": tags}
    return topic


def _topic(request: Request, topic: Record, posts: list[Record], by_ids: bool) -> Response:
    wanted = {int(number) for number in request.all("post_ids[]")}
    shown = [post for post in posts if post["id"] in wanted] if by_ids else posts[:CHUNK]
    stream: dict[str, Any] = {"posts": shown}
    if by_ids:
        return answer_json({"post_stream": stream, "id": topic["id"]})
    stream["stream"] = [post["id"] for post in posts]
    return answer_json({**_shown(topic), "post_stream": stream, "chunk_size": CHUNK, "deleted_at": None})

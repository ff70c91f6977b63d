"""One run of a Perceval backend, for `peers.py`; runs in an environment of its own that knows nothing of us.

    python peer.py <bugzilla|sumo|reps|discourse> <root>

Prints one JSON object: the keys of the rows it delivered by stream, seconds without imports, requests and
bytes received, peak memory. Kitsune's fixed pause of half a second a request is taken out; nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import requests
from memory import peak_mb  # beside this script
from perceval.backends.core.bugzillarest import BugzillaREST
from perceval.backends.core.discourse import Discourse
from perceval.backends.mozilla import kitsune
from perceval.backends.mozilla.remo import ReMo

Keys = dict[str, list[str]]
FIXED_PAUSE_S = 0.5


def bugzilla(root: str) -> Iterator[tuple[str, str]]:
    for item in BugzillaREST(root).fetch():
        bug = item["data"]
        yield "bugs", str(bug["id"])
        yield from (("comments", str(comment["id"])) for comment in bug["comments"])
        yield from (
            ("changes", f"{bug['id']}|{entry['when']}|{entry['who']}|{change['field_name']}")
            for entry in bug["history"]
            for change in entry["changes"]
        )


def sumo(root: str) -> Iterator[tuple[str, str]]:
    for item in kitsune.Kitsune(root).fetch():
        yield "questions", str(item["data"]["id"])
        yield from (("answers", str(answer["id"])) for answer in item["data"]["answers_data"])


def reps(root: str) -> Iterator[tuple[str, str]]:
    for category, stream in (("user", "people"), ("event", "events"), ("activity", "activities")):
        for item in ReMo(root).fetch(category=category):
            yield stream, item["data"]["remo_url"]


def discourse(root: str) -> Iterator[tuple[str, str]]:
    for item in Discourse(root).fetch():
        yield "topics", str(item["data"]["id"])
        yield from (("posts", str(post["id"])) for post in item["data"]["post_stream"]["posts"])


BACKENDS = {"bugzilla": bugzilla, "sumo": sumo, "reps": reps, "discourse": discourse}


def counting(spent: dict[str, int]) -> None:
    """Count every request and the bytes of its body as they came over the wire."""
    send = requests.Session.send

    def counted(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        response = send(self, request, **how)
        spent["requests"] += 1
        spent["bytes"] += int(response.headers.get("Content-Length") or len(response.content))
        return response

    requests.Session.send = counted  # type: ignore[method-assign]


def main() -> None:
    name, root = sys.argv[1:]
    spent = {"requests": 0, "bytes": 0}
    counting(spent)
    pause = time.sleep
    time.sleep = lambda seconds: None if seconds == FIXED_PAUSE_S else pause(seconds)
    keys: Keys = {}
    trouble = None
    began = time.perf_counter()
    try:
        for stream, key in BACKENDS[name](root):
            keys.setdefault(stream, []).append(key)
    except Exception as error:
        trouble = type(error).__name__
    seconds = time.perf_counter() - began
    peak = peak_mb()
    told = {"keys": keys, "seconds": seconds, "peak_mb": peak, "trouble": trouble, **spent}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()

"""Loaded by every Python process of a whole run: notes each address it connects to or looks up."""

import os
import sys

_log = os.environ.get("MDM_TEST_CONNECTIONS")


def _note(event: str, arguments: tuple) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        place = arguments[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        place = arguments[0]
    else:
        return
    with os.fdopen(os.open(_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "w") as out:
        out.write(f"{place if isinstance(place, str) else (place or b'').decode()}\n")


if _log:
    sys.addaudithook(_note)

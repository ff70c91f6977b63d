"""Which version is current: the one rule by which the pointer is read, for pages and pipelines alike.

    <published>/current     the name of a version, which is a folder beside it

In here: what a name may be, and reading the pointer. Not in here: moving it, and whether the version is whole
(`publish.py`); opening what it names (`dashboards/data.py`). Pages start with this module, so that only the
standard library is imported.
"""

from __future__ import annotations

import re
from pathlib import Path

POINTER = "current"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class PointerBroken(Exception):
    """There is a pointer, but it names no version: one sentence that says why."""


def is_version_name(name: str) -> bool:
    """Whether a publication may be called so; such a name never leads out of its folder."""
    return _NAME.fullmatch(name) is not None


def current_version(published: Path) -> str | None:
    """The name that the pointer holds; None before the first publication. Raises PointerBroken."""
    pointer = published / POINTER
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise PointerBroken(f"The pointer {pointer} cannot be read: {error}.") from None
    if not is_version_name(name):
        raise PointerBroken(f"The pointer {pointer} holds {name!r}, a name that no publication gives.")
    return name

"""Reading a tree of Dash components in tests: all nodes, by id, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def nodes(tree: Any) -> Iterator[Any]:
    """Every component and text in reading order."""
    if isinstance(tree, list | tuple):
        for each in tree:
            yield from nodes(each)
    elif tree is not None:
        yield tree
        yield from nodes(getattr(tree, "children", None))


def text(tree: Any) -> str:
    return " ".join(str(node) for node in nodes(tree) if isinstance(node, str | int | float))


def by_id(tree: Any, wanted: Any) -> Any:
    return next(node for node in nodes(tree) if getattr(node, "id", None) == wanted)


def all_of(tree: Any, kind: str) -> list[Any]:
    return [node for node in nodes(tree) if type(node).__name__ == kind]

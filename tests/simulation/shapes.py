"""JSON shapes, to hold our records against recorded real ones: which keys there are, of which types."""

from __future__ import annotations

from typing import Any

NAMES = {dict: "object", list: "array", str: "text", bool: "truth", int: "number", float: "number"}


def shape(value: Any, at: str = "") -> dict[str, set[str]]:
    """Path -> JSON types seen there; the elements of a list share one path."""
    found = {at: {NAMES.get(type(value), "null")}}
    parts = [(f"{at}.{key}", part) for key, part in value.items()] if isinstance(value, dict) else []
    parts += [(f"{at}[]", part) for part in value] if isinstance(value, list) else []
    for path, part in parts:
        for name, types in shape(part, path).items():
            found.setdefault(name, set()).update(types)
    return found


def unknown(real: Any, ours: Any) -> set[str]:
    """Paths of ours that the real records do not have, or not with that type."""
    theirs = shape(real)
    return {path for path, types in shape(ours).items() if types - theirs.get(path, set())}


def lacking(real: Any, ours: Any) -> set[str]:
    """Keys of real objects that ours never have."""
    own = shape(ours)
    objects = {path for path, types in own.items() if "object" in types}
    keys = {path for path in shape(real) if "." in path and not path.endswith("[]")}
    return {path for path in keys if path not in own and path.rpartition(".")[0] in objects}

"""The border for personal data: identifiers become keyed hashes here, before the first write.

Not in here: which fields pass at all (each stream's `keep`), and the key (`settings.hash_key`).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from pipelines.sources.spec import Pseudonymise

DIGITS = 32
"""Length of a pseudonym in hex digits: 128 bits, so that 300,000 accounts never meet by chance."""

REMEMBERED = 4_096
"""So many values of a kind are not hashed again when they come again: most acts are those of few people."""


def pseudonym(key: bytes, source: str, kind: str, value: object) -> str | None:
    """HMAC-SHA256 of `<source>:<kind>:<value>`, cut to 32 hex digits; None for None and "".

    A kind with a colon (`mail:address`) is a name space of its own, the same for every source.

    Text is put into NFC first, so that a name typed in two Unicode forms stays one; logins and
    e-mail addresses (anything with `@`) are lower-cased, because systems compare them so.
    """
    return _of_kind(key, source, kind)(value)


def pseudonyms(key: bytes, source: str, kind: str, values: Iterable[object]) -> list[str | None]:
    """`pseudonym` of many values of one kind, in their order."""
    return list(map(_of_kind(key, source, kind), values))


def pseudonymiser(key: bytes, source: str) -> Pseudonymise:
    """`pseudonym` for one source. Remembers what it made last, as long as it lives and no longer."""
    kinds: dict[str, Callable[[object], str | None]] = {}
    remembering: dict[str, Callable[[object], str | None]] = {}

    def of(kind: str, value: object) -> str | None:
        if kind not in kinds:
            kinds[kind] = _of_kind(key, source, kind)
            remembering[kind] = lru_cache(REMEMBERED)(kinds[kind])
        plain = type(value) is str or type(value) is int  # others may equal one of these, written otherwise
        return (remembering if plain else kinds)[kind](value)

    return of


def _of_kind(key: bytes, source: str, kind: str) -> Callable[[object], str | None]:
    """`pseudonym` for values of one kind: the beginning of the hash, alike in all, is computed once."""
    space = kind if ":" in kind else f"{source}:{kind}"
    block = key if len(key) <= 64 else hashlib.sha256(key).digest()
    block = block.ljust(64, b"\0")
    inside = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{space}:".encode())
    outside = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(value: object) -> str | None:
        if value is None or value == "":
            return None
        text = str(value)
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        if "@" in text:
            text = text.lower()
        inner, outer = inside.copy(), outside.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()[:DIGITS]

    return of

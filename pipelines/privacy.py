"""The border for personal data: identifiers become keyed hashes here, before the first write.

Not in here: which fields pass at all (each stream's `keep`), and the key (`settings.hash_key`).
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from pipelines.sources.spec import Pseudonymise

DIGITS = 32
"""Length of a pseudonym in hex digits: 128 bits, so that 300,000 accounts never meet by chance."""


def pseudonym(key: bytes, source: str, kind: str, value: object) -> str | None:
    """HMAC-SHA256 of `<source>:<kind>:<value>`, cut to 32 hex digits; None for None and "".

    A kind with a colon (`mail:address`) is a name space of its own, the same for every source.

    Text is put into NFC first, so that a name typed in two Unicode forms stays one; logins and
    e-mail addresses (anything with `@`) are lower-cased, because systems compare them so.
    """
    if value is None or value == "":
        return None
    text = unicodedata.normalize("NFC", str(value))
    if "@" in text:
        text = text.lower()
    space = kind if ":" in kind else f"{source}:{kind}"
    message = f"{space}:{text}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:DIGITS]


def pseudonyms(key: bytes, source: str, kind: str, values: Iterable[object]) -> list[str | None]:
    """`pseudonym` of many values of one kind, in their order: the hash's beginning is computed once."""
    space = kind if ":" in kind else f"{source}:{kind}"
    block = key if len(key) <= 64 else hashlib.sha256(key).digest()
    block = block.ljust(64, b"\0")
    inside = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{space}:".encode())
    outside = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def one(value: object) -> str | None:
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

    return [one(value) for value in values]


def pseudonymiser(key: bytes, source: str) -> Pseudonymise:
    """`pseudonym` for one source, remembering recent values: the same people come again and again."""

    @lru_cache(maxsize=20_000)
    def of(kind: str, value: object) -> str | None:
        return pseudonym(key, source, kind, value)

    return of

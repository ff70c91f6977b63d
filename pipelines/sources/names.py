"""What a sign-in name says that other systems may say too: an address, and what stands before its @.

Both reach the lake only as pseudonyms that every source makes alike (`mail:address`, `mail:local`).
Not in here: hashing (`privacy.py`), and what is made of equal hashes (`identity.py`).
"""

from __future__ import annotations

from typing import Any


def mail_address(name: Any) -> str | None:
    """`Ada@Example.org` -> `ada@example.org`; None for a name that is no address."""
    text = name.strip().lower() if isinstance(name, str) else ""
    before, at, behind = text.rpartition("@")
    return text if at and before and "." in behind else None


def local_name(name: Any) -> str | None:
    """`Ada+l10n@example.org`, like `ada+l10n` and `Ada`, -> `ada`: lower case, without a tag.

    None for a full name (with a blank in it) and for nothing.
    """
    text = name.strip().lower() if isinstance(name, str) else ""
    local = text.partition("@")[0].partition("+")[0]
    return local if local and " " not in local else None

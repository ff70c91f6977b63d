"""The only reader of the environment: where data is kept, where sources live, the secrets.

Everything is read when it is asked for, never on import, so that a test or an embedded run can set it.
Not in here: parameters of metrics (`dbt/dbt_project.yml`) and facts about sources (`sources/`).
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.sources.spec import Source

ROOT = Path(__file__).resolve().parent.parent
NOT_IN_PATHS = "'[]*?\\"
"""DuckDB reads these in a path as the end of a text or as a pattern of names, in our SQL and in dbt's."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingRefused(Exception):
    """A setting that cannot be worked with: one sentence, for the person who set it."""


def data_dir() -> Path:
    """`MDM_DATA`, default `./data`: an absolute, existing and writable folder, made when it is missing.

    Raises SettingRefused for another one, and for one with a character of `NOT_IN_PATHS` in its path.
    """
    path = Path(os.environ.get("MDM_DATA") or "data").expanduser().absolute()
    if any(character in NOT_IN_PATHS for character in str(path)):
        raise SettingRefused(
            f"MDM_DATA={path}: no folder of its path may have one of {NOT_IN_PATHS} in its name."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingRefused(f"MDM_DATA={path}: this folder cannot be made ({error.strerror}).") from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise SettingRefused(f"MDM_DATA={path}: this folder cannot be read and written.")
    return path


def source_url(source: Source) -> str:
    """The root a source is asked at: `MDM_<SOURCE>_URL`, else the real one."""
    url = os.environ.get(f"MDM_{source.name.upper()}_URL") or source.base_url
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        is_address = False
    if not is_address or any(sign.isspace() for sign in url):
        raise SettingRefused(f"MDM_{source.name.upper()}_URL is not an http(s) address.")
    return url.rstrip("/")


def forum_lists() -> tuple[tuple[str, ...], tuple[int, ...]]:
    """What is read of Discourse: `MDM_DISCOURSE_TAGS` and `MDM_DISCOURSE_CATEGORIES` (numbers), with commas.

    Raises SettingRefused for what is no tag or no number.
    """
    tags, categories = (
        tuple(dict.fromkeys(filter(None, map(str.strip, (os.environ.get(name) or "").split(",")))))
        for name in ("MDM_DISCOURSE_TAGS", "MDM_DISCOURSE_CATEGORIES")
    )
    if any(re.search(r"[\s/?#%&=]", tag) for tag in tags):
        raise SettingRefused("MDM_DISCOURSE_TAGS takes names of tags with commas between them.")
    if not all(one.isascii() and one.isdecimal() for one in categories):
        raise SettingRefused(
            "MDM_DISCOURSE_CATEGORIES takes numbers with commas between them: the last part of a category's "
            "address."
        )
    return tags, tuple(map(int, categories))


def kept_folder(source: Source, data: Path) -> Path:
    """Where a source's files lie that people keep: `MDM_<SOURCE>_DIR`, else `<MDM_DATA>/<source>`.

    It need not exist.
    """
    return (
        Path(os.environ.get(f"MDM_{source.name.upper()}_DIR") or data / source.name).expanduser().absolute()
    )


def archive_folder(source: Source) -> Path | None:
    """Where the archive files of a closed system lie: `MDM_<SOURCE>_DIR`; None: ask its address."""
    folder = os.environ.get(f"MDM_{source.name.upper()}_DIR")
    return Path(folder).expanduser().absolute() if folder and source.closed_on is not None else None


def token(source: Source) -> str | None:
    """`MDM_<SOURCE>_TOKEN`; None when it is not set. Never log what this returns."""
    return os.environ.get(f"MDM_{source.name.upper()}_TOKEN") or None


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def user_agent() -> str:
    """A named agent with a contact, which every source asks for; `MDM_CONTACT` is the operator's address."""
    contact = os.environ.get("MDM_CONTACT") or "https://github.com/mozilla/mission-driven-mozillians"
    return f"mission-driven-mozillians/0.1 (+{contact})"


def hash_key(data: Path | None = None) -> bytes:
    """The key of all pseudonyms: `MDM_HASH_KEY`, at least 16 characters.

    Embedded runs (demo and recorded data) may go without: their key is drawn once and kept in
    `<MDM_DATA>/hash_key`, readable by its owner alone. Live runs are refused without the variable.
    """
    given = os.environ.get("MDM_HASH_KEY")
    if given:
        if len(given) < 16:
            raise SettingRefused("MDM_HASH_KEY is shorter than 16 characters.")
        return given.encode()
    kept = (data or data_dir()) / "hash_key"
    if kept.exists():
        return kept.read_bytes()
    raise SettingRefused("MDM_HASH_KEY is not set: pseudonyms of people need a secret key.")


def make_embedded_hash_key(data: Path) -> None:
    """Draw the keys of an embedded run (pseudonyms, vault), unless they are set or were drawn before."""
    for variable, name in (("MDM_HASH_KEY", "hash_key"), ("MDM_VAULT_KEY", "vault_key")):
        if os.environ.get(variable) or (data / name).exists():
            continue
        descriptor = os.open(data / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_hex(32))


def vault_key(data: Path) -> str | None:
    """The vault's key: `MDM_VAULT_KEY`, or the one drawn for an embedded run; None: there is no vault.

    `MDM_VAULT=off` switches the vault off. Raises SettingRefused for a key that is too short.
    """
    if os.environ.get("MDM_VAULT", "").lower() == "off":
        return None
    given = os.environ.get("MDM_VAULT_KEY")
    if given:
        if len(given) < 16:
            raise SettingRefused("MDM_VAULT_KEY is shorter than 16 characters.")
        return given
    kept = data / "vault_key"
    return kept.read_text() if kept.exists() else None


def environment(overrides: dict[str, str]) -> dict[str, str]:
    """The environment for a child process (dbt, a simulated source), telemetry off everywhere."""
    return {**os.environ, **NO_TELEMETRY, **overrides}


def apply(overrides: dict[str, str]) -> None:
    """Set variables for this process: what an embedded run does for its sources, and telemetry switches."""
    os.environ.update(NO_TELEMETRY | overrides)


def code_revision() -> str:
    """The commit this code was checked out at, `unknown` outside a checkout."""
    head = ROOT / ".git" / "HEAD"
    try:
        found = head.read_text().strip()
        if found.startswith("ref: "):
            ref = ROOT / ".git" / found[5:]
            if ref.exists():
                return ref.read_text().strip()
            packed = (ROOT / ".git" / "packed-refs").read_text()
            match = re.search(rf"^([0-9a-f]{{40}}) {re.escape(found[5:])}$", packed, re.MULTILINE)
            return match.group(1) if match else "unknown"
        return found
    except OSError:
        return "unknown"


NO_TELEMETRY = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
}
"""Every tool's own switch; a test of a whole run proves that nothing but loopback is connected to."""

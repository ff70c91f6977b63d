"""Pontoon from recorded commits of the repositories it syncs with.

    commits_*  -> user actions   a sync commit that names a person: one `translation:created`, not implicit,
                                 of that person, in that locale and project, when Pontoon made the commit
               -> projects       one a repository
               -> locales        those the commits name; speakers, script and direction from
                                 `reference/pontoon_locales*.json` where it has the locale

A sync commit's subject starts with `Pontoon:` or `Pontoon/`:

    Pontoon: Update Spanish (Spain) (es-ES) localization of Mozilla.org
    Pontoon/Firefox: Update Galician (gl), Spanish (Spain) (es-ES)         (from 2025 on)

and names people in trailers `Co-authored-by: Name <address>`, later with `(gl, es-ES)` after the address,
before that in a list `- Name <address>`; after a blank line or straight on the next. Where nobody is named,
it is the git author. Locales come from the trailer, else from the subject, else from the changed folders
(`pt_BR` is pt-BR). A person named for two locales did something in both: two actions.

Numbers are made of what identifies a thing, so that they are the same in every period: a person is the
whole address in small letters (one address with several names is one person, one name with several
addresses is several, whatever form of Unicode), an action its commit, person and locale, a project its
repository, a locale its code. Names are as recorded. Machine accounts are system users.
Empty as the interface gives it: statistics 0, texts "", the string's own number null. The status is
`approved`, since sync writes nothing else.

The time is the author's date, which Pontoon set. A few commits were put in again later by a person
(rebased): they are commits of their own, and served as such.

Set aside, counted: commits that are no sync (people's own, string extraction, other programs), a commit
that is in two files, a person named twice, commits whose locale cannot be told. `sync_people_*` is a view
derived from the same commits and not read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.simulation.recorded.files import ONE_DAY, Reading, midnight, utc
from pipelines.simulation.world import PontoonWorld, Record, SetAside
from pipelines.sources.archive_files import found, number_of, objects, reading
from pipelines.sources.pontoon import CLOSES_AFTER

SETS = ("pontoon/commits_*.jsonl.gz",)
REFERENCE = "reference/pontoon_locales*.json"

MACHINE_ADDRESSES = frozenset({"pontoon@mozilla.com", "pontoon-gt@example.com", "pontoon-tm@example.com"})
MACHINE_NAMES = frozenset({"Pontoon", "Mozilla Pontoon", "Google Translate", "Translation Memory"})

NO_SYNC = "no sync of Pontoon: a commit by a person or another program"
IN_TWO_FILES = "a commit that another file has, too"
NAMED_TWICE = "a person named twice for the same locale in one commit"
NO_LOCALE = "a sync commit whose locale cannot be told"

CODE = r"[a-z]{2,3}(?:[-_@][0-9A-Za-z]{2,8})*"
SUBJECT = re.compile(r"Pontoon(?:/(?P<project>.*?))?: Updated? (?P<rest>.*)")
OLD_REST = re.compile(r"(?P<locales>.*\)) localization of (?P<project>.*)")
LOCALE = re.compile(rf"(?P<name>[^,()]+(?:\([^()]*\) ?)*?) ?\((?P<code>{CODE})\)(?=,|$)")
TRAILER = re.compile(
    r"^(?:Co-authored-by:|- ) *(?P<name>.*?) *<(?P<address>[^<>]*)> *(?:\((?P<codes>[^()]*)\))? *$",
    re.IGNORECASE | re.MULTILINE,
)
FOLDER = re.compile(CODE)

STATISTICS: Record = {
    "total_strings": 0, "approved_strings": 0, "pretranslated_strings": 0, "strings_with_warnings": 0,
    "strings_with_errors": 0, "missing_strings": 0, "unreviewed_strings": 0, "completed_strings": 0,
    "complete": False,
}  # fmt: skip
EMPTY_LOCALE: Record = {
    "code": "", "name": "", "direction": "", "population": 0, "cldr_plurals": "", "plural_rule": "",
    "script": "", "google_translate_code": "", "ms_terminology_code": "", "ms_translator_code": "",
    "team_description": "",
}  # fmt: skip
EMPTY_PROJECT: Record = {
    "slug": "", "name": "", "priority": 1, "deadline": None, "visibility": "public", "contact": None,
    "info": "", "system_project": False, "disabled": False, "sync_disabled": False,
    "pretranslation_enabled": False,
}  # fmt: skip


# --- What a commit says ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """A person in a commit: name and address as recorded, the locales of the trailer ([]: not said)."""

    name: str
    address: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sync:
    """What a sync commit's message says. locales: code -> name, in the order of the subject."""

    project: str
    locales: dict[str, str]
    people: tuple[Named, ...]


def parsed(message: str) -> Sync | None:
    """The message of a sync commit; None when it is another commit."""
    subject, _, rest = message.partition("\n")
    found_subject = SUBJECT.fullmatch(subject.strip())
    if found_subject is None:
        return None
    project, locales = found_subject["project"] or "", found_subject["rest"]
    old = OLD_REST.fullmatch(locales)
    if old:
        project, locales = old["project"], old["locales"]
    names = {one["code"]: one["name"].strip() for one in LOCALE.finditer(locales)}
    people = tuple(
        Named(
            one["name"],
            one["address"],
            tuple(code.strip() for code in (one["codes"] or "").split(",") if code.strip()),
        )
        for one in TRAILER.finditer(rest)
    )
    return Sync(project, names, people)


def folders(top_dirs: list[str]) -> tuple[str, ...]:
    """Folder names that are locale codes: `pt_BR` -> pt-BR."""
    return tuple(name.replace("_", "-") for name in top_dirs if FOLDER.fullmatch(name))


def locales_of(person: Named, sync: Sync, top_dirs: list[str]) -> tuple[str, ...]:
    """Where a person's work in a commit went: said by the trailer, else the subject, else the folders."""
    return person.codes or tuple(sync.locales) or folders(top_dirs)


def is_machine(person: Named) -> bool:
    return person.address.lower() in MACHINE_ADDRESSES or person.name in MACHINE_NAMES


# --- Records ---------------------------------------------------------------------------------------


@dataclass
class _Repository:
    """A project as its commits are read: the latest name, the locales."""

    name: str = ""
    named_at: datetime | None = None
    codes: set[str] = field(default_factory=set)


def action(sha: str, at: datetime, person: Named, code: str, locale_name: str) -> Record:
    """One `translation:created` as the user-actions feed answers it."""
    account = person.address.lower() or person.name
    return {
        "type": "translation:created",
        "is_implicit_action": False,
        "date": utc(at),
        "user": {"pk": number_of("user", account), "name": person.name, "system_user": is_machine(person)},
        "locale": {"pk": number_of("locale", code), "code": code, "name": locale_name},
        "entity": {"pk": None, "key": []},
        "resource": {"pk": None, "path": "", "format": ""},
        "translation": {
            "pk": number_of("translation", sha, account, code),
            "status": "approved",
            "string": "",
            "value": [],
        },
    }


def locale(code: str, name: str, slugs: list[str], reference: Record) -> Record:
    known = {key: value for key, value in reference.items() if key in EMPTY_LOCALE}
    return {**EMPTY_LOCALE, **known, "code": code, "name": name, **STATISTICS, "projects": slugs}


def project(slug: str, repository: _Repository) -> Record:
    return {
        "pk": number_of("project", slug),
        **EMPTY_PROJECT,
        "slug": slug,
        "name": repository.name or slug,
        **STATISTICS,
        "tags": [],
        "locales": sorted(repository.codes),
    }


def reference_locales(directory: Path) -> dict[str, Record]:
    """Code -> what the reference file says of a locale; {} without the file."""
    known: dict[str, Record] = {}
    for path in found(directory, REFERENCE):
        with reading(path):
            known.update({str(row["code"]): row for row in json.loads(path.read_text(encoding="utf-8"))})
    return known


class _Commits:
    """The commits of all files, turned into a world one after the other."""

    def __init__(self, reference: dict[str, Record]) -> None:
        self.reference = reference
        self.aside: Counter[tuple[str, str]] = Counter()
        self.repositories: dict[str, _Repository] = {}
        self.names: dict[str, str] = {}
        self.actions: dict[tuple[str, date], list[Record]] = {}
        self.seen: set[tuple[str, str]] = set()

    def add(self, input_set: str, commit: Record) -> None:
        slug, sha = str(commit["repo"]).rpartition("/")[2].lower(), str(commit["sha"])
        if (slug, sha) in self.seen:
            self.aside[input_set, IN_TWO_FILES] += 1
            return
        self.seen.add((slug, sha))
        sync = parsed(commit["message"])
        if sync is None:
            self.aside[input_set, NO_SYNC] += 1
            return
        at = datetime.fromisoformat(commit["author_date"]).astimezone(UTC)
        repository = self.repositories.setdefault(slug, _Repository())
        if sync.project and (repository.named_at is None or at >= repository.named_at):
            repository.name, repository.named_at = sync.project, at
        named = list(self._named(commit, sync))
        if not named:
            self.aside[input_set, NO_LOCALE] += 1
        for place, (person, code) in enumerate(named):
            if any(code == c and person.address.lower() == p.address.lower() for p, c in named[:place]):
                self.aside[input_set, NAMED_TWICE] += 1
                continue
            name = self._name(code, sync)
            repository.codes.add(code)
            self.actions.setdefault((slug, at.date()), []).append(action(sha, at, person, code, name))

    def _named(self, commit: Record, sync: Sync) -> Iterator[tuple[Named, str]]:
        """(person, locale) of a sync commit; the git author where nobody is named."""
        author = Named(commit["author_name"], commit["author_email"])
        for person in sync.people or (author,):
            for code in locales_of(person, sync, commit["top_dirs"]):
                yield person, code

    def _name(self, code: str, sync: Sync) -> str:
        name = sync.locales.get(code) or self.names.get(code) or self.reference.get(code, {}).get("name", "")
        self.names[code] = str(name)
        return self.names[code]

    def world(self) -> PontoonWorld:
        slugs = sorted(self.repositories)
        locales = [
            locale(
                code,
                self.names[code],
                [slug for slug in slugs if code in self.repositories[slug].codes],
                self.reference.get(code, {}),
            )
            for code in sorted(self.names)
        ]
        return PontoonWorld(locales, [project(slug, self.repositories[slug]) for slug in slugs], self.actions)


def read(directory: Path) -> Reading[PontoonWorld]:
    """Pontoon's part of a recorded directory. Raises ValueError for a file not in its set's form.

    since: the first day with an action. now: when the last one is closed.
    """
    commits = _Commits(reference_locales(directory))
    for path in found(directory, SETS[0]):
        with reading(path):
            for commit in objects(path):
                commits.add(path.name, commit)
    days = [day for _, day in commits.actions]
    since = midnight(min(days)) if days else None
    now = midnight(max(days)) + ONE_DAY + CLOSES_AFTER if days else None
    aside = [SetAside("pontoon", name, why, n) for (name, why), n in sorted(commits.aside.items())]
    return Reading(commits.world(), aside, since, now)

"""What people do on Bugzilla: bugs are filed, discussed, sorted, fixed, verified, and machines help.

Hard cases made here: comments on one's own bug, field changes by the reporter (not counted), needinfo
cleared by the one who was asked and by others, several flags in one value of the history, duplicate and
fixed and verified bugs, a bug fixed twice by one assignee and once more by another, fixed bugs without an
assignee, patches with `is_patch` 0, generated comments without own text, machine accounts that resolve and
comment, closed accounts, staff log-ins.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.simulation.generator.chance import DAY, HOUR, MINUTE, SECOND, Chance, liveliness, stamp
from pipelines.simulation.generator.people import Account, Group, Person, Roster
from pipelines.simulation.generator.scale import Scale
from pipelines.simulation.generator.truth import Ledger
from pipelines.simulation.world import Record

PLACES = (
    ("Client Software", "Firefox", "General"),
    ("Client Software", "Firefox", "Bookmarks & History"),
    ("Client Software", "Firefox for Android", "Browser"),
    ("Components", "Core", "Layout"),
    ("Components", "Core", "Networking"),
    ("Client Software", "Thunderbird", "Message Reader UI"),
)
NOBODY = "nobody@mozilla.org"
REVIEW_REQUEST = "text/x-phabricator-request"
SORTED_FIELDS = ("severity", "priority", "type", "product", "component", "keywords", "regressed_by")
"""Changes of these fields by somebody other than the reporter are triage (catalogue 0.2)."""


@dataclass
class Crew:
    """Who may appear on a bug."""

    everybody: Group
    developers: Group
    triagers: Group
    husbandry: Account
    landing: Account


@dataclass
class Bug:
    """A bug in the making; every method is one act, notes its truth, and moves the bug on."""

    number: int
    reporter: Account
    at: int
    place: tuple[str, str, str]
    kind: str
    chance: Chance
    ledger: Ledger
    end: int
    ids: dict[str, int]
    status: str = "UNCONFIRMED"
    resolution: str = ""
    severity: str = "--"
    priority: str = "--"
    keywords: str = ""
    assignee: Account | None = None
    dupe_of: int | None = None
    resolved_at: int | None = None
    is_confirmed: bool = False
    changed: int = 0
    history: list[Record] = field(default_factory=list)
    comments: list[Record] = field(default_factory=list)
    attachments: list[Record] = field(default_factory=list)
    flags: list[tuple[Account, Account, int]] = field(default_factory=list)
    fixers: set[int] = field(default_factory=set)
    people: list[Account] = field(default_factory=list)

    def _note(self, by: Account, event: str, at: int) -> None:
        if by.person:
            self.ledger.act(by.number, by.person.number, "bugzilla", event, at, self.number)

    def _moves(self, at: int, by: Account) -> None:
        self.changed = max(self.changed, at)
        if by not in self.people:
            self.people.append(by)

    def comment(self, at: int, by: Account, own_text: bool = True) -> None:
        """A comment; number 0 is the description. Without own text it is a generated notice."""
        count = len(self.comments)
        self.ids["comment"] += 1
        text = "It happens every time." if own_text else "*** This was marked by the system. ***"
        self.comments.append({
            "id": self.ids["comment"], "bug_id": self.number, "count": count, "creator": by.username,
            "author": by.username, "time": stamp(at), "creation_time": stamp(at), "is_private": False,
            "attachment_id": None, "text": text, "raw_text": text if own_text else "", "tags": [],
            "reactions": {},
        })  # fmt: skip
        self._moves(at, by)
        if count and own_text and by is not self.reporter:
            self._note(by, "bug_comment", at)

    def change(self, at: int, by: Account, *changes: tuple[str, str, str]) -> None:
        """One entry of the history: (field, removed, added)... by one person at one instant."""
        rows = [{"field_name": name, "removed": old, "added": new} for name, old, new in changes]
        self.history.append({"when": stamp(at), "who": by.username, "changes": rows})
        self._moves(at, by)
        names = {name for name, _, _ in changes}
        leaves_unconfirmed = any(name == "status" and old == "UNCONFIRMED" for name, old, _ in changes)
        if by is not self.reporter and (names.intersection(SORTED_FIELDS) or leaves_unconfirmed):
            self._note(by, "bug_field_change", at)

    def attach(self, at: int, by: Account, content_type: str, is_patch: int) -> None:
        self.ids["attachment"] += 1
        self.attachments.append({
            "id": self.ids["attachment"], "bug_id": self.number, "creator": by.username,
            "attacher": by.username, "creation_time": stamp(at), "last_change_time": stamp(at),
            "content_type": content_type, "is_patch": is_patch, "is_obsolete": 0, "is_private": 0,
            "file_name": "change.txt", "summary": "change", "description": "change", "size": 900, "flags": [],
        })  # fmt: skip
        self._moves(at, by)
        if is_patch or content_type in (REVIEW_REQUEST, "text/x-github-pull-request"):
            self._note(by, "patch_attached", at)

    def sort(self, at: int, by: Account) -> None:
        """Triage: severity and priority, perhaps a keyword; confirms an unconfirmed bug."""
        severity, priority = self.chance.one(("S2", "S3", "S3", "S4")), self.chance.one(("P2", "P3", "P5"))
        changes = [("severity", self.severity, severity), ("priority", self.priority, priority)]
        if self.chance.happens(0.2) and not self.keywords:
            changes.append(("keywords", "", "regression"))
            self.keywords = "regression"
        if self.status == "UNCONFIRMED":
            changes += [("status", "UNCONFIRMED", "NEW"), ("is_confirmed", "0", "1")]
            self.status, self.is_confirmed = "NEW", True
        self.severity, self.priority = severity, priority
        self.change(at, by, *(change for change in changes if change[1] != change[2]))

    def ask(self, at: int, by: Account, *asked: Account) -> None:
        """A needinfo request to one or more people, several in one value of the history."""
        flags = [f"needinfo?({account.username})" for account in asked]
        added = ", ".join(["qe-verify+", *flags] if self.chance.happens(0.2) else flags)
        self.change(at, by, ("flagtypes.name", "", added))
        self.flags += [(by, account, at) for account in asked]

    def clear(self, at: int, by: Account) -> None:
        """All open requests are cleared by one person; only a request to that person is thereby answered."""
        removed = ", ".join(f"needinfo?({asked.username})" for _, asked, _ in self.flags)
        self.change(at, by, ("flagtypes.name", removed, ""))
        if any(asked is by for _, asked, _ in self.flags):
            self._note(by, "needinfo_answered", at)
        self.flags = []

    def assign(self, at: int, by: Account, to: Account) -> None:
        old = self.assignee.username if self.assignee else NOBODY
        changes = [("assigned_to", old, to.username)]
        if self.status in ("UNCONFIRMED", "NEW"):
            changes.append(("status", self.status, "ASSIGNED"))
            if not self.is_confirmed:
                changes.append(("is_confirmed", "0", "1"))
            self.status, self.is_confirmed = "ASSIGNED", True
        self.assignee = to
        self.change(at, by, *changes)
        self._moves(at, to)

    def resolve(self, at: int, by: Account, resolution: str) -> None:
        before = stamp(self.resolved_at) if self.resolved_at else ""
        changes = [("status", self.status, "RESOLVED"), ("resolution", "", resolution),
                   ("cf_last_resolved", before, stamp(at))]  # fmt: skip
        self.status, self.resolution, self.resolved_at = "RESOLVED", resolution, at
        self.change(at, by, *changes)
        if resolution == "DUPLICATE":
            self._note(by, "duplicate_found", at)
        if resolution == "FIXED" and self.assignee and self.assignee.number not in self.fixers:
            self.fixers.add(self.assignee.number)
            self._note(self.assignee, "bug_fixed", at)

    def reopen(self, at: int, by: Account) -> None:
        self.change(at, by, ("status", self.status, "REOPENED"), ("resolution", self.resolution, ""))
        self.status, self.resolution = "REOPENED", ""

    def verify(self, at: int, by: Account) -> None:
        self.change(at, by, ("status", self.status, "VERIFIED"))
        self.status = "VERIFIED"
        self._note(by, "bug_verified", at)


def make(scale: Scale, seed: int, roster: Roster, ledger: Ledger) -> list[Record]:
    """All bugs; notes contributions."""
    chance = Chance(seed, 4)
    husbandry = roster.add(None, "bugzilla", 690_001, "tidy-bot@mozilla.tld", "Tidy Bot")
    landing = roster.add(None, "bugzilla", 690_002, "landing-bot@bmo.tld", "Landing Bot")
    everybody = roster.of("bugzilla", ("contributor", "asker"))
    workers = roster.of("bugzilla").accounts
    developers = Group(
        [a for a in workers if a.number % 3 == 0 or (a.person and a.person.affiliation == "staff")]
    )
    triagers = Group([a for a in workers if a.number % 2])
    crew = Crew(everybody, developers, triagers, husbandry, landing)
    ids = {"comment": 17_000_000, "attachment": 9_400_000}
    bugs: list[Bug] = []
    number = 1_900_000
    for day in range(scale.start, scale.end, DAY):
        for at in sorted(
            chance.in_day(day) for _ in range(chance.count(scale.bugs_per_day * liveliness(day)))
        ):
            number += chance.whole(1, 40)
            reporter = (
                husbandry
                if chance.happens(0.03)
                else everybody.somebody(chance, at, prefer=everybody.factors(_files))
            )
            if reporter:
                bug = Bug(
                    number,
                    reporter,
                    at - at % SECOND,
                    chance.one(PLACES),
                    "defect",
                    chance,
                    ledger,
                    scale.end,
                    ids,
                )
                _live(bug, crew, [other.number for other in bugs])
                bugs.append(bug)
    duplicates: dict[int, list[int]] = {}
    for bug in bugs:
        if bug.dupe_of:
            duplicates.setdefault(bug.dupe_of, []).append(bug.number)
    return [_record(bug, duplicates.get(bug.number, [])) for bug in bugs]


def _files(person: Person) -> float:
    """People who ask for support file bugs less often than contributors."""
    return 0.3 if person.kind == "asker" else 1.0


def _live(bug: Bug, crew: Crew, known: list[int]) -> None:
    """The life of a bug from filing to its last event before the world's end."""
    chance = bug.chance
    bug.kind = chance.one(("defect", "defect", "defect", "enhancement", "task"))
    if bug.reporter.person and bug.reporter.person.affiliation != "volunteer":
        bug.status, bug.is_confirmed = "NEW", True
    bug.comment(bug.at, bug.reporter)
    if bug.reporter.person:
        bug.ledger.act(
            bug.reporter.number, bug.reporter.person.number, "bugzilla", "bug_filed", bug.at, bug.number
        )
    clock = bug.at
    for step in (_own_change, _discuss, _triage, _questions, _fix_or_close, _afterwards):
        clock = step(bug, crew, clock, known)
        if clock >= bug.end or clock < 0:
            return


def _later(bug: Bug, clock: int, median: int, spread: float = 1.0) -> int:
    """The next moment, to the second; the world's end when it comes too late."""
    at = clock + bug.chance.after(median, spread)
    return min(at - at % SECOND, bug.end)


def _own_change(bug: Bug, _crew: Crew, clock: int, _known: list[int]) -> int:
    """The reporter corrects a field and adds a comment: neither counts."""
    if bug.chance.happens(0.15) and bug.reporter.person:
        clock = _later(bug, clock, 10 * MINUTE)
        if clock < bug.end:
            new = "enhancement" if bug.kind != "enhancement" else "defect"
            bug.change(clock, bug.reporter, ("type", bug.kind, new))
            bug.kind = new
            bug.comment(clock, bug.reporter)
    return clock


def _discuss(bug: Bug, crew: Crew, clock: int, _known: list[int]) -> int:
    for _ in range(bug.chance.count(1.4)):
        clock = _later(bug, clock, 20 * HOUR, 1.2)
        if clock >= bug.end:
            return clock
        share = bug.chance.rng.random()
        if share < 0.25 and bug.reporter.person:
            bug.comment(clock, bug.reporter)
        elif share < 0.32:
            bug.comment(clock, crew.husbandry)
        elif other := crew.everybody.somebody(bug.chance, clock, [bug.reporter]):
            bug.comment(clock, other)
    return clock


def _triage(bug: Bug, crew: Crew, clock: int, _known: list[int]) -> int:
    if not bug.chance.happens(0.75):
        return clock
    clock = _later(bug, clock, 2 * DAY, 1.2)
    triager = crew.triagers.somebody(bug.chance, clock, [bug.reporter])
    if clock >= bug.end or triager is None:
        return clock
    bug.sort(clock, crew.husbandry if bug.chance.happens(0.05) else triager)
    if bug.chance.happens(0.1):
        old, new = bug.place, bug.chance.one([place for place in PLACES if place[2] != bug.place[2]])
        bug.change(clock + SECOND, triager, ("product", old[1], new[1]), ("component", old[2], new[2]))
        bug.place = new
    return clock + SECOND


def _questions(bug: Bug, crew: Crew, clock: int, _known: list[int]) -> int:
    """Needinfo to the reporter, a developer or both; then answered, cleared by others, or left open."""
    if not bug.chance.happens(0.3):
        return clock
    clock = _later(bug, clock, DAY)
    triager = crew.triagers.somebody(bug.chance, clock, [bug.reporter])
    other = crew.developers.somebody(bug.chance, clock, [bug.reporter, triager])
    if clock >= bug.end or triager is None or other is None or bug.reporter.person is None:
        return clock
    share = bug.chance.rng.random()
    asked = (bug.reporter,) if share < 0.6 else (other,) if share < 0.85 else (bug.reporter, other)
    bug.ask(clock, triager, *asked)
    clock = _later(bug, clock, 3 * DAY)
    if clock >= bug.end:
        return clock
    share = bug.chance.rng.random()
    if share < 0.6:
        bug.clear(clock, asked[0])
        bug.comment(clock, asked[0])
    elif share < 0.75:
        bug.clear(clock, triager)
    elif share < 0.8:
        bug.clear(clock, crew.husbandry)
    return clock


def _fix_or_close(bug: Bug, crew: Crew, clock: int, known: list[int]) -> int:
    clock = _later(bug, clock, 6 * DAY, 1.3)
    developer = crew.developers.somebody(bug.chance, clock)
    triager = crew.triagers.somebody(bug.chance, clock)
    if clock >= bug.end or developer is None or triager is None:
        return bug.end
    share = bug.chance.rng.random()
    if share < 0.45:
        return _fix(bug, crew, clock, developer)
    if share < 0.55 and known:
        bug.dupe_of = bug.chance.one(known)
        bug.resolve(clock, triager, "DUPLICATE")
        bug.comment(clock, triager, own_text=False)
    elif share < 0.6:
        bug.resolve(clock, bug.reporter if bug.chance.happens(0.3) else triager, "FIXED")
    elif share < 0.75:
        bug.resolve(clock, triager, bug.chance.one(("WORKSFORME", "INVALID", "WONTFIX", "INCOMPLETE")))
    else:
        return bug.end
    return clock


def _fix(bug: Bug, crew: Crew, clock: int, developer: Account) -> int:
    """Assigned, a patch, then resolved by the developer or the landing machine: credit to the assignee."""
    bug.assign(clock, developer, developer)
    clock = _later(bug, clock, 2 * DAY)
    if clock >= bug.end:
        return clock
    old_form = bug.chance.happens(0.1)
    bug.attach(clock, developer, "text/plain" if old_form else REVIEW_REQUEST, 1 if old_form else 0)
    if bug.chance.happens(0.1):
        bug.attach(clock, developer, "image/png", 0)
    clock = _later(bug, clock, 3 * DAY)
    if clock >= bug.end:
        return clock
    bug.resolve(clock, crew.landing if bug.chance.happens(0.6) else developer, "FIXED")
    bug.comment(clock, crew.landing)
    return clock


def _afterwards(bug: Bug, crew: Crew, clock: int, _known: list[int]) -> int:
    """Verified, or reopened and fixed again: by the same assignee (no second credit) or by another."""
    if bug.resolution != "FIXED":
        return clock
    clock = _later(bug, clock, 4 * DAY)
    tester = crew.triagers.somebody(bug.chance, clock)
    if clock >= bug.end or tester is None:
        return clock
    if bug.chance.happens(0.35):
        bug.verify(clock, tester)
    elif bug.chance.happens(0.15) and bug.assignee:
        bug.reopen(clock, tester)
        other = crew.developers.somebody(bug.chance, clock, [bug.assignee])
        clock = _later(bug, clock, DAY)
        if other and bug.chance.happens(0.5) and clock < bug.end:
            bug.assign(clock, other, other)
            clock = _later(bug, clock, DAY)
        if clock < bug.end:
            bug.resolve(clock, bug.assignee, "FIXED")
    return clock


# --- Records ---------------------------------------------------------------------------------------


def _detail(account: Account) -> Record:
    nick = account.username.partition("@")[0]
    return {
        "id": account.native_id,
        "nick": nick,
        "real_name": f"{account.name} [:{nick}]",
        "name": account.username,
        "email": account.username,
    }


NOBODY_DETAIL = {
    "id": 1,
    "nick": "nobody",
    "real_name": "Nobody; OK to take it and work on it",
    "name": NOBODY,
    "email": NOBODY,
}


def _record(bug: Bug, duplicates: list[int]) -> Record:
    classification, product, component = bug.place
    copied = [
        account for account in bug.people if account is not bug.reporter and account is not bug.assignee
    ]
    return {
        "id": bug.number, "alias": None, "summary": "Something is not as it should be", "type": bug.kind,
        "classification": classification, "product": product, "component": component,
        "version": "unspecified", "target_milestone": "---", "status": bug.status,
        "resolution": bug.resolution, "is_open": bug.status not in ("RESOLVED", "VERIFIED"),
        "is_confirmed": bug.is_confirmed, "severity": bug.severity, "priority": bug.priority,
        "op_sys": "All", "platform": "All", "keywords": [bug.keywords] if bug.keywords else [],
        "whiteboard": "", "url": "", "see_also": [], "groups": [], "dupe_of": bug.dupe_of,
        "duplicates": duplicates,
        "depends_on": [], "blocks": [], "regressed_by": [], "regressions": [], "votes": 0,
        "comment_count": len(bug.comments), "creation_time": stamp(bug.at),
        "last_change_time": stamp(bug.changed),
        "cf_last_resolved": stamp(bug.resolved_at) if bug.resolved_at else None,
        "creator": bug.reporter.username, "creator_detail": _detail(bug.reporter),
        "assigned_to": bug.assignee.username if bug.assignee else NOBODY,
        "assigned_to_detail": _detail(bug.assignee) if bug.assignee else NOBODY_DETAIL,
        "qa_contact": "", "mentors": [], "mentors_detail": [],
        "cc": [account.username for account in copied], "cc_detail": [_detail(account) for account in copied],
        "flags": [
            {"id": bug.number * 10 + place, "type_id": 800, "name": "needinfo", "status": "?",
             "setter": setter.username, "requestee": asked.username, "creation_date": stamp(at),
             "modification_date": stamp(at)}
            for place, (setter, asked, at) in enumerate(bug.flags)
        ],
        "is_cc_accessible": True, "is_creator_accessible": True,
        "history": bug.history, "comments": bug.comments, "attachments": bug.attachments,
    }  # fmt: skip

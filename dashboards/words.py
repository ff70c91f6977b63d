"""How numbers, dates, states and marks are said: one wording for cards, hovers, tables and notices.

Formatting only. Not in here: definitions of metrics (they come from the published `metric` table) and HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from dashboards.data import Declaration
from pipelines.disclosure import COUNTS, kind_of

MISSING = "no value in this version"
NO_CHANGE = "no change"
WITH_PROBABLE = "If probable links hold"
"""What stands before a value that joins accounts by probable links too."""
PROBABLE = "it joins accounts that nobody has confirmed to be one person's"
"""What such a value is, and why it never stands for the number itself."""
AREAS = {
    "quality": "Quality",
    "code": "Code",
    "localization": "Localization",
    "knowledge_base": "Knowledge base",
    "support": "Support",
    "mobilizing": "Mobilizing",
    "community_forum": "Community forum",
}
"""Contribution areas in the catalogue's order (0.2), with their names on pages."""

SOURCES = {
    "bugzilla": "Bugzilla",
    "pontoon": "Pontoon",
    "sumo": "SUMO",
    "reps": "Mozilla Reps",
    "discourse": "Discourse",
    "pipeline": "Pipeline",
}
EVENT_TYPES = {
    "bug_filed": "Bugs filed",
    "bug_comment": "Comments on others' bugs",
    "bug_field_change": "Bugs triaged (fields changed)",
    "needinfo_answered": "Requests for information answered",
    "bug_verified": "Bugs verified",
    "duplicate_found": "Duplicates found",
    "patch_attached": "Patches attached",
    "bug_fixed": "Bugs fixed",
    "translation_created": "Translations written",
    "translation_reviewed": "Translations reviewed",
    "kb_translation_created": "Articles translated",
    "kb_translation_reviewed": "Article translations reviewed",
    "kb_revision_created": "Articles written or revised",
    "kb_revision_reviewed": "Article revisions reviewed",
    "answer_posted": "Support answers",
    "reps_report": "Activity reports",
    "reps_event_organized": "Events organised",
    "topic_created": "Topics opened",
    "reply_posted": "Replies posted",
}
HEADINGS = {"attribute_value": "Group", "category": "What is counted", "event_type": "Kind of contribution"}
"""Names of dimensions over a column, where their own name is not a reader's word."""
CATEGORIES = {
    "band": "from none to all of unknown affiliation on staff",
    "raw": "as counted",
    "weighted": "weighted to all contributors",
    "high": "upper limit",
    "low": "lower limit",
    "high_all": "upper limit, all by staff",
    "low_all": "lower limit, all by staff",
    "staff_high": "staff, upper limit",
    "staff_low": "staff, lower limit",
    "volunteer_high": "volunteers, upper limit",
    "volunteer_low": "volunteers, lower limit",
    "newcomer_open_at_72h": "newcomers still waiting after 72 hours",
    "other_open_at_72h": "others still waiting after 72 hours",
    "shrunk": "steadied",
    "raw_high": "as counted, upper limit",
    "regions_high": "regions, upper limit",
    "shrunk_high": "steadied, upper limit",
    "log_rank_p": "p of the comparison",
    "median_age_d": "median age",
    "p90": "nine in ten are below",
    "loose": "wide sense",
    "d1_d0": "of the interested, contributed within 90 days",
    "d2_d1": "of those who contributed, became regular within a year",
    "d2_d0": "of the interested, became regular within a year",
    "strict": "narrow sense",
}
ORDER = (
    *AREAS, *SOURCES,
    "not_yet", "core", "regular", "active", "casual", "drifting", "inactive",
    "newcomer", "<90 d", "90-364 d", "1-2 y", "2-5 y", "5+ y", "before start of data", "under_18",
    "arrived", "departed", "new_to_mozilla", "new_to_area", "continuing", "reactivated",
    "d1_d0", "d2_d1", "d2_d0", "accepted", "rejected", "undecided", "leaders", "contributors",
    "volunteer", "staff", "weighted", "raw", "shrunk", "low", "high", "low_all", "high_all",
    "staff_low", "staff_high", "volunteer_low", "volunteer_high",
)  # fmt: skip
"""Values of dimensions that follow one another by meaning and not by their text; see `place`."""
GROUPS = {
    "<90 d": "less than 90 days",
    "90-364 d": "90 to 364 days",
    "1-2 y": "1 to 2 years",
    "non_binary": "non-binary",
}
ATTRIBUTES = {"age_band": "age", "topic_area": "topic"}
OUTCOMES = {
    "accepted_30d": "contribution accepted within 30 days",
    "first_response_72h": "first response within 72 hours",
    "retained_180d": "still there after 180 days",
    "recognised_365d": "recognised within 365 days",
    "leader_now": "leads now",
}
POPULATIONS = {
    "community": "community (volunteers and people of unknown affiliation)",
    "volunteer_strict": "people known to be volunteers",
    "staff": "staff and vendors",
    "all": "everyone but bots, staff included",
}
FLAGS = {
    "band_only": "the affiliation of many is unknown: read from none of them on staff to all of them",
    "continuity_corrected": "0.5 was added to each cell because one count is 0",
    "no_group_difference": "the groups do not differ more than chance would have them differ",
    "not_shrinkable": "too few groups to steady the rate: the raw value is shown",
    "region_backfilled": "includes people whose country was first declared after this period",
    "roles_unknown": "roles are not known here: what needs them is left out",
    "roles_partly_unknown": "roles in some systems are not known",
    "roles_too_young": "roles have not been known for long enough",
    "start_unknown": "leaders of whom nobody knows since when are left out",
    "survivorship": "members who left are missing, so the share may be too high",
    "unverifiable": "the source offers no count to check against",
    "low_coverage": "fewer than half of the people have a known region",
    "left_censored": "too soon after the start of a source to tell who is new",
    "history_missing": "what lies further back is not loaded",
    "erased_answers": "some answers were gone before they were first seen: they do not count as responses",
    "median_not_reached": "fewer than half have been answered so far",
    "direct_submissions_included": "submissions that needed no review cannot be told apart",
    "implicit_rejections_unmarked": "older automatic rejections look like reviews",
    "project_disabled": "a project was disabled and its strings are no longer counted",
    "accounts_not_shown": "people who made an account and did nothing more are not seen",
    "badges_unknown": "the badges of this system are not known for this time",
    "author_unknown": "the author of some suggestions is not known",
    "archive": "closed archive: it no longer changes",
    "met": "met: the target is reached",
    "on_track": "on track: as much of the way as of the time",
    "at_risk": "at risk: less of the way than of the time",
    "behind": "behind: less than half as much of the way as of the time",
    "missed": "missed: over without the target reached",
    "unmeasured": "not measured: its metric has no value",
    "goal_changed": "the goal was changed in this period",
    "metric_not_offered": "goals cannot be set on its metric",
    "few_respondents": "too few answers once they are weighted",
    "uncovered_strata": "from some groups of contributors nobody answered",
    "not_known": "not known: too few told it",
    "rounded": "rounded for publication",
    "all_projects": "counted over all projects, not the key ones",
    "answers_missing": "some answers could not be read: they do not count as responses",
    "answers_not_read_in_time": "answers that were first read too late to be judged are left out",
    "backfilled": "published later than it could have been: it was loaded afterwards",
    "below_threshold": "records are missing: less is stored than the source counts",
    "checks_failed": "some checks failed",
    "checks_skipped": "some checks were not made",
    "evident": "evident",
    "no_evident_difference": "no evident difference",
    "few_persons": "too few people to compare",
    "first_signs_not_shown": "the source does not show who was interested before contributing",
    "first_snapshot": "there is no earlier snapshot to compare with yet",
    "identity_moved": "so much changed that publication waits for a person",
    "interactions_not_shown": "nothing that people do for one another is seen here",
    "lower_bound": "at least so many: what cannot be seen is not in it",
    "markers_not_kept": "what it would be told from is not kept",
    "negative_durations": "some answers are dated before their question and are left out",
    "never_loaded": "never loaded",
    "no_forum": "no support forum in this language",
    "no_run": "no run to tell from",
    "no_snapshot": "no snapshot of that day",
    "nobody_without_mentor": "everybody had a mentor: there is nobody to compare with",
    "not_closed": "too early: not all could have stayed so long yet",
    "not_offered": "no source offers what it needs",
    "not_published": "told of no single person, so never published",
    "not_watched_so_long": "nobody has been watched for so long yet",
    "nothing_expected": "events that expected nothing are left out",
    "outcomes_unknown": "outcomes are not known",
    "public_requests_only": "only of requests that everybody may see",
    "read_too_late": "what was first read too late to be judged is left out",
    "recognised_before": "people recognised before the data begin are left out",
    "recognition_unknown": "no recognition is known here",
    "recognition_partly_unknown": "recognition in some systems is not known",
    "removed_at_source": "more is stored than the source counts now: it has removed some",
    "resource_unknown": "nothing is known of this resource",
    "self_declared": "as the organisers declared it",
    "source_missing": "a source that belongs to it is not loaded",
    "source_restricted": "the source does not show it to everybody",
    "stale": "older than it should be",
    "too_young": "too early: the newest have not had the time yet",
}
STATUS = {
    "complete": "complete",
    "provisional": "provisional: late data may still change it",
    "insufficient": "too few observations for this figure",
    "no_denominator": "no case to judge",
    "unavailable": "not available: the source is not loaded for this time",
}
SOME = {
    "suppressed": "some suppressed",
    "unavailable": "some not available",
    "insufficient": "some with too few observations",
    "no_denominator": "some without a case",
}


def place(code: Any) -> tuple[Any, ...]:
    """Where a value of a dimension stands among its like.

    All together (null) first, what has an order of its own in it, the rest by its text with numbers as
    numbers (`s_30d` before `s_180d`), what is not known last.
    """
    if not isinstance(code, str):
        return (0,)
    if code in ORDER:
        return (1, ORDER.index(code))
    parts = [(0, int(part)) if part.isdigit() else (1, part) for part in re.findall(r"\d+|\D+", code)]
    return (3 if code in ("other", "unknown") else 2, *parts)


def flags(text: Any) -> list[str]:
    """Flags in words; one that has no wording yet is said by its own name."""
    if not isinstance(text, str):
        return []
    names = [name.strip() for name in text.split(",")]
    return [FLAGS.get(name, name.replace("_", " ")) for name in names if name]


def suppressed(k: int) -> str:
    return f"suppressed (fewer than {k} people)"


def status(name: str, k: int) -> str:
    return suppressed(k) if name == "suppressed" else STATUS.get(name, name.replace("_", " "))


def states(names: Iterable[str], k: int) -> str:
    """The states of several values in a few words: `complete`, or what is true of some of them."""
    found = set(names)
    if len(found) == 1:
        return short_status(found.pop(), k)
    some = [said for name, said in SOME.items() if name in found]
    return ", ".join(["complete", *some] if "complete" in found else some)


def short_status(name: str, k: int) -> str:
    """What stands in the place of a number that is not there."""
    return status(name, k).split(":")[0]


def plain(name: str) -> str:
    """A name of the files as words: `time_to_first_recognition_d` -> `Time to first recognition d`."""
    return name.replace("_", " ").capitalize()


def heading(dimension: str) -> str:
    """A dimension over a column."""
    return HEADINGS.get(dimension, plain(dimension))


def category(code: str) -> str:
    """A metric's own sub-split; `24h` and `30_60d` as durations."""
    if code in CATEGORIES:
        return CATEGORIES[code]
    if hours := re.fullmatch(r"(\d+)h", code):
        return f"within {hours[1]} hours"
    if point := re.fullmatch(r"s_(\d+)d", code):
        return f"share after {point[1]} days"
    if days := re.match(r"(\d+)_(\d+)d(?=_|$)", code):
        return f"day {days[1]} to {days[2]}" + code[days.end() :].replace("_", " ")
    if days := re.fullmatch(r"(?:(over)_)?(\d+)d", code):
        return f"{days[1] or 'within'} {days[2]} days"
    return code.replace("_", " ")


def group(code: str) -> str:
    """What people said of themselves, or the group that they are in; `18_24` as ages."""
    if code in GROUPS:
        return GROUPS[code]
    if ages := re.fullmatch(r"(\d+)_(\d+)", code):
        return f"{ages[1]} to {ages[2]}"
    return AREAS.get(code, code.replace("_", " "))


def area(code: str) -> str:
    return AREAS.get(code, plain(code))


def source(code: str) -> str:
    return SOURCES.get(code, plain(code))


def event_type(code: str) -> str:
    return EVENT_TYPES.get(code, plain(code))


def is_share(unit: str) -> bool:
    return kind_of(unit) == "share"


def is_count(unit: str) -> bool:
    """Whether values are numbers of people or acts, which the public sees rounded to the nearest 5."""
    return kind_of(unit) in COUNTS


def is_hours(unit: str) -> bool:
    return unit.strip().lower().removeprefix("difference of ").split(" ")[0] in ("h", "hour", "hours")


def is_days(unit: str) -> bool:
    return unit.strip().lower().removeprefix("difference of ").split(" ")[0] in ("d", "day", "days")


def unit_of(row: Mapping[str, Any], unit: str) -> str:
    """The unit of one row: some metrics hold the points of a curve, or an age, in a category of their own."""
    code = row.get("category")
    if not isinstance(code, str):
        return unit
    if re.fullmatch(r"s_\d+d", code):
        return "share"
    if code == "log_rank_p":
        return "p"
    return "days" if code.endswith("age_d") else unit


def number(value: float, unit: str, audience: str) -> str:
    """One published value: shares to whole percent for the public (as published) and one decimal inside."""
    if is_share(unit):
        whole = audience == "public" or value in (0, 1)
        text = f"{value * 100:.0f}" if whole else f"{value * 100:.1f}"
        return f"{text}\u202f%"
    if is_hours(unit):
        return f"{value:,.1f}\u202fh" if value < 100 else f"{value:,.0f}\u202fh"
    if is_days(unit):
        digits = 0 if float(value).is_integer() or abs(value) >= 100 else 1 if abs(value) >= 1 else 2
        text = f"{value:,.{digits}f}".replace("-", "\u2212")
        return f"{text}\u00a0{'day' if text == '1' else 'days'}"
    if float(value).is_integer() or abs(value) >= 100:
        digits = 0
    else:
        digits = 1 if abs(value) >= 10 or "per 100" in unit else 2
    return f"{value:,.{digits}f}".replace("-", "\u2212")


def shown(row: Mapping[str, Any], unit: str, audience: str, k: int) -> str:
    """The number of a row, or why there is none. Never 0 for something that was not measured."""
    if row["status"] in ("complete", "provisional") and pd.notna(row["value"]):
        return number(float(row["value"]), unit_of(row, unit), audience)
    return short_status(str(row["status"]), k) if row["status"] != "complete" else MISSING


def interval(row: Mapping[str, Any], unit: str, audience: str) -> str:
    """`58 % to 66 %`, or an empty text when the value has no interval."""
    if pd.isna(row["value"]) or (pd.isna(row["ci_low"]) and pd.isna(row["ci_high"])):
        return ""
    unit = unit_of(row, unit)
    low = number(float(row["ci_low"]), unit, audience) if pd.notna(row["ci_low"]) else "no lower limit"
    high = (
        number(float(row["ci_high"]), unit, audience)
        if pd.notna(row["ci_high"])
        else "no upper limit reached"
    )
    return f"{low} to {high}"


def with_probable(row: Mapping[str, Any], unit: str, audience: str) -> str:
    """What the value is if probable links between accounts hold as well; empty where nobody can say."""
    if pd.isna(row["value"]) or pd.isna(row["value_with_probable"]):
        return ""
    return number(float(row["value_with_probable"]), unit_of(row, unit), audience)


def change(
    now: Mapping[str, Any] | None, before: Mapping[str, Any] | None, unit: str, audience: str
) -> str | None:
    """The plain difference of two published values with its sign; None unless both are there.

    Shares differ by percentage points. For the public, counts came rounded to the nearest 5.
    """
    if now is None or before is None or pd.isna(now["value"]) or pd.isna(before["value"]):
        return None
    difference = float(now["value"]) - float(before["value"])
    if is_share(unit):
        points = round(abs(difference) * 100, 0 if audience == "public" else 1)
        text, nothing = f"{points:g} percentage {'point' if points == 1 else 'points'}", points == 0
    else:
        text = number(abs(difference), unit, audience)
        nothing = not any(digit in text for digit in "123456789")
    return NO_CHANGE if nothing else f"{'+' if difference > 0 else chr(0x2212)}{text}"


def compact(change: str | None) -> str:
    """A change where room is short: `±0` when there is none, nothing when it is not known."""
    return "" if change is None else "\u00b10" if change == NO_CHANGE else change


def month(instant: datetime) -> str:
    return f"{instant:%B %Y}"


def short_month(instant: datetime) -> str:
    return f"{instant:%b %Y}"


def day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"


def moment(instant: datetime) -> str:
    return f"{day(instant)}, {instant:%H:%M} UTC"


def period(row: Mapping[str, Any]) -> str:
    """What time a row stands for. Ends are exclusive: the last day named is the day before."""
    start, end, grain = row["period_start"], row["period_end"], str(row["grain"])
    if pd.isna(end):
        return "all that is stored" if pd.isna(start) else f"from {day(start)} on"
    if grain == "month":
        return month(end - timedelta(days=1))
    if grain == "year":
        return f"the year {start:%Y}"
    if grain == "quarter":
        return f"quarter {(start.month + 2) // 3} of {start:%Y}"
    if grain == "run":
        return f"at {moment(end)}"
    last = end - timedelta(days=1)
    if grain.startswith("trailing_"):
        return f"the {grain.removeprefix('trailing_').removesuffix('d')} days to {day(last)}"
    if grain == "week":
        return f"the week from {day(start)}"
    if grain == "day":
        return day(last)
    return f"{day(start)} to {day(last)}" if pd.notna(start) else f"up to {day(last)}"


def asked_period(row: Mapping[str, Any]) -> str:
    """A period as `mdm explain` takes it: `2026-06`, `2026-Q2` or `2026`; empty where it cannot be asked."""
    end, grain = row["period_end"], str(row["grain"])
    if pd.isna(end):
        return ""
    last = end - timedelta(days=1)
    if grain == "month" or (grain.startswith("trailing_") and end.day == 1):
        return f"{last:%Y-%m}"
    if grain == "quarter":
        return f"{last:%Y}-Q{(last.month + 2) // 3}"
    return f"{last:%Y}" if grain == "year" else ""


def age(hours: float) -> str:
    """A duration in the unit a person would use."""
    if hours < 1:
        return "less than an hour"
    if hours < 48:
        return f"{hours:.0f} hours"
    if hours < 24 * 60:
        return f"{hours / 24:.0f} days"
    return f"{hours / 24 / 30.44:.0f} months" if hours < 24 * 730 else f"{hours / 24 / 365.25:.1f} years"


def unit(declaration: Declaration) -> str:
    """The unit as a reader says it."""
    if is_share(declaration.unit):
        return "share, in percent"
    if is_hours(declaration.unit):
        return "hours"
    return re.sub(r"\bpersons\b", "people", declaration.unit)

"""Small recorded sets about invented people, written in the form of the real ones."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

QUESTION = {
    "source_day": "2024-02-01", "source_columns": "11", "id": "1", "created": "2024-02-01 10:00:00 +0000",
    "updated": "2024-02-01 10:00:00 +0000", "title": "Lamp", "tags": "desktop;tabs;",
    "product": "thunderbird", "topic": "tabs", "locale": "en-US", "answers": "",
    "creator": "asker1", "content_chars": "4",
}  # fmt: skip
MORE_COLUMNS = (
    "is_solved", "solution", "solved_by", "is_spam", "last_answer", "involved", "is_archived", "is_locked",
    "is_taken", "num_answers", "num_votes_past_week", "num_votes", "taken_until", "taken_by", "updated_by",
)  # fmt: skip
ANSWER = {
    "source_day": "2024-02-01", "id": "1", "question_id": "1", "created": "2024-02-01 11:00:00 +0000",
    "updated": "2024-02-01 11:00:00 +0000", "creator": "helper1", "is_spam": "false", "num_helpful": "0",
    "num_unhelpful": "0", "content_chars": "4",
}  # fmt: skip
COMMIT = {
    "repo": "example/lantern-l10n", "sha": "a" * 40, "parents": 1, "author_name": "Pontoon",
    "author_email": "pontoon@mozilla.com", "author_date": "2022-03-04T05:06:07+00:00",
    "committer_name": "Pontoon", "committer_email": "pontoon@mozilla.com",
    "commit_date": "2022-03-04T05:06:07+00:00",
    "message": "Pontoon: Update Galician (gl) localization of Lantern\n\n"
    "Co-authored-by: Ana <ana@example.org>",
    "files_changed": 1, "lines_added": 2, "lines_deleted": 0, "top_dirs": ["gl"],
}  # fmt: skip
EVENT = {
    "id": 7, "slug": "lamp-day", "name": "Lamp day", "start": "2014-05-06T10:00:00Z",
    "end": "2014-05-06T12:00:00Z", "start_utc_page": "2014-05-06T10:00:00",
    "end_utc_page": "2014-05-06T12:00:00", "timezone": "Europe/Ljubljana", "city": "Lakeside", "region": None,
    "country": "Côte d’Ivoire", "country_code": "ci", "lat": "1.5", "lon": "-2.5", "initiative": "",
    "categories": ["Campus"], "estimated_attendance": "50", "hashtag": None, "external_link": "",
    "planning_pad_url": "", "description": "Lamps", "organized_by": "Ana Lamp", "attending": 1,
    "attendees": [
        {"display_name": "ana", "profile": "reps", "full_name": "Ana Lamp", "role": "Organizer"},
    ],
}  # fmt: skip
ACTIVITY = {
    "user": "ana", "report_date": "2014-05-06", "activity": "Month recap", "initiative": "",
    "activity_description": "",
}  # fmt: skip
ALUMNA = {
    "alumni": True, "full_name": "Ana Lamp", "display_name": "ana", "country": "Slovenia",
    "date_joined_program": "2012-05-09T00:00:00", "date_left_program": "2016-01-02T00:00:00",
}  # fmt: skip


def table(path: Path, rows: list[dict[str, str]]) -> None:
    """A compressed table with the columns of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Compressed JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as text:
        text.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def questions(directory: Path, product: str, *changes: dict[str, str], year: str = "2024") -> None:
    """A table of questions: the usual row with the changes of each."""
    more = dict.fromkeys(MORE_COLUMNS, "") if product == "thunderbird" else {}
    rows = [{**QUESTION, **more, "product": product, **change} for change in changes]
    table(directory / "sumo" / f"{product}_questions_{year}.csv.gz", rows)


def answers(directory: Path, *changes: dict[str, str], year: str = "2024") -> None:
    table(
        directory / "sumo" / f"thunderbird_answers_{year}.csv.gz",
        [{**ANSWER, **change} for change in changes],
    )


def commits(directory: Path, *changes: dict[str, Any], name: str = "lantern_l10n_to_2023") -> None:
    """Commits with a sha each, unless a change says which."""
    records = [{**COMMIT, "sha": f"{place:040x}", **change} for place, change in enumerate(changes)]
    lines(directory / "pontoon" / f"commits_{name}.jsonl.gz", records)


def people(directory: Path, *records: dict[str, Any]) -> None:
    path = directory / "reps" / "reps_joined_before_2017h2.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(records), ensure_ascii=False), encoding="utf-8")


def events(directory: Path, *changes: dict[str, Any]) -> None:
    lines(directory / "reps" / "events_2012_2017h1.jsonl.gz", [{**EVENT, **change} for change in changes])


def activities(directory: Path, *changes: dict[str, Any]) -> None:
    lines(
        directory / "reps" / "activities_2011_2017h1.jsonl.gz", [{**ACTIVITY, **change} for change in changes]
    )

"""Mozilla Reps: what of a record passes the border."""

from __future__ import annotations

from pipelines.sources.reps import ACTIVITIES


def test_nothing_of_the_place_that_somebody_typed_into_a_report_is_kept() -> None:
    report = {
        "_number": 7,
        "user": {"_url": "https://reps.mozilla.org/api/remo/v1/users/3/"},
        "mentor": None,
        "event": None,
        "activity": "Attended event",
        "report_date": "2016-02-29",
        "location": "12 Rose Lane",
        "latitude": 46.05,
        "passive_report": False,
    }
    (row,) = ACTIVITIES.rows(report, lambda _kind, value: str(value))
    assert set(row) == set(ACTIVITIES.keep)
    assert not {"12 Rose Lane", 46.05} & {value for value in row.values() if not isinstance(value, list)}

"""Every publish gate is shown the good frames and, for each expectation, a twin broken in that one way."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations.gate import Expect, Gate, Verdict, judge
from expectations.publish import FRAMES, PUBLISH
from pipelines import publish as publication
from pipelines.publish import TABLES, publish
from tests import invented_warehouse
from tests.expectations.twins import judged_of, named, twins
from tests.invented_warehouse import DECLARED, RELEASE, Place, regional, told, value, values


def share(known: int, of: int, **columns: Any) -> dict[str, Any]:
    counts = {"numerator": known, "denominator": of, "persons": of, "smallest_group": min(known, of - known)}
    return value("region_coverage", known / of, ci_low=0.1, ci_high=0.99, **counts, **columns)


OF_ALL = [
    share(73, 111, population="all"),
    regional("southern_europe", 43, area="code", value_with_probable=43),
    regional("southern_europe", 63, area="code", value_with_probable=62, population="all"),
]
"""Beside the community's row: forty people more, of whom twenty have a region; and twenty by either links."""

LINES = [
    *(share(known, of, region=region, area="quality") for region, known, of in [
        (None, 60, 110), ("southern_europe", 40, 60), ("western_asia", 4, 20), ("caribbean", 16, 30),
    ]),
    *(regional(region, persons, area="quality", value_with_probable=persons) for region, persons in [
        (None, 58), ("southern_europe", 40), ("western_asia", 4), ("caribbean", 14),
    ]),
    *(regional(region, persons, area="localization") for region, persons in [
        (None, 52), ("southern_europe", 13), ("western_asia", 13), ("caribbean", 13), ("antarctica", 6),
        ("central_asia", 7),
    ]),
    *(regional(region, persons, value=acts, area="mobilizing") for region, persons, acts in [
        (None, 30, 140), ("southern_europe", 25, 100), ("western_asia", 4, 10), ("caribbean", 15, 30),
    ]),
]  # fmt: skip
"""Sums and their cells, the smallest of which is hidden and takes another with it: shares, people, acts.

Of one the public sees 50 less three times 15, where it is 52 less three times 13."""

ACROSS = [
    value(metric, persons, area="quality", persons=persons, smallest_group=persons)
    for metric, persons in [
        ("active_contributors", 58), ("new_contributors", 4), ("returning_contributors", 54),
    ]
]  # fmt: skip
"""The four who are new are hidden, and those who returned with them."""

RULES = [(name, rule) for name, gate in PUBLISH.items() for rule in gate.expectations]

Frames = dict[str, list[pd.DataFrame]]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """The frames that publication of an invented warehouse shows to each gate: internal, then public.

    It is published for the second time: six men more answered the survey since.
    """
    shown: Frames = {name: [] for name in PUBLISH}

    def record(gate: Gate, frame: pd.DataFrame) -> Verdict:
        order = frame.astype(str).sort_values(list(frame.columns)).index
        shown[gate.asset[0]].append(frame.loc[order])  # else which row a twin breaks is chance
        return Verdict(accepted=True, failures=(), warnings=(), checked=0)

    place = Place(Path(tmp_path_factory.mktemp("data")))
    place.fill(values())
    publish(place.warehouse, place.manifest, place.out, RELEASE)
    rest = [row for row in values() if row["metric"] != "demographic_share"]
    answers = {row["attribute_value"]: row["numerator"] for row in values() if row["attribute_value"]}
    later = [told(gender, persons + 6 * (gender == "man"), of=115) for gender, persons in answers.items()]
    with pytest.MonkeyPatch.context() as patched:
        for row in ACROSS:
            patched.setitem(
                invented_warehouse.DECLARED, row["metric"], DECLARED["active_contributors_by_region"]
            )
        place.fill([*rest, *later, *OF_ALL, *LINES, *ACROSS])
        patched.setattr(publication, "judge", record)
        publish(place.warehouse, place.manifest, place.out, RELEASE)
    return shown


def test_every_published_table_has_its_gate_and_frame() -> None:
    assert set(PUBLISH) == set(FRAMES) == {
        *TABLES, "across", "columns", "identities", "lines", "populations", "texts", "versions"
    }  # fmt: skip


@pytest.mark.parametrize("name", PUBLISH)
def test_good_frames_pass_without_a_word(good: Frames, name: str) -> None:
    for frame in good[name]:
        assert judge(PUBLISH[name], frame).sentences() == ()


@pytest.mark.parametrize(("name", "rule"), RULES, ids=lambda part: getattr(part, "rule", part))
def test_each_expectation_sees_its_broken_twin(good: Frames, name: str, rule: Expect) -> None:
    broken = (twin for frame in good[name] for twin in twins(frame, rule))
    seen = judged_of(PUBLISH[name], broken, rule)
    assert seen[-1] == (named(rule),)


@pytest.mark.parametrize(
    "column", ["person_id", "creator_hash", "login", "smallest_group", "username", "email"]
)
def test_a_column_about_one_person_is_never_published(good: Frames, column: str) -> None:
    frame = good["columns"][0].copy()
    frame.loc[0, "column_name"] = column
    assert not judge(PUBLISH["columns"], frame).accepted

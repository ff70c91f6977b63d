"""Many persons seen otherwise: nothing is published until it is undone or somebody says why it is right."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml

from pipelines import acknowledgement, cli, identity, records, run, settings, status
from pipelines import publish as publication
from pipelines.lake import write_parquet
from tests.invented_warehouse import OWN, Place, demo_place, values

WHY = "the people directory was read for the first time"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The demo community with a publication in which each of a hundred accounts is a person."""
    filled = demo_place(tmp_path, monkeypatch)
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    run.publish(tmp_path, "first")
    return filled


def merged(pairs: int) -> dict[str, str]:
    """So many pairs of the hundred are one person each: twice as many persons changed."""
    return {account: f"sumo:{min(n, n ^ 1)}" if n < 2 * pairs else account for n, account in enumerate(OWN)}


def mdm(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | None:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["mdm", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return code


def test_who_is_one_person_may_change_a_little(place: Place) -> None:
    place.fill(values(), merged(1))
    assert acknowledgement.changed(place.data).share == 0.02
    assert run.publish(place.data, "second").version
    assert acknowledgement.changed(place.data).changed == 0


def test_many_changed_persons_block_the_publication_until_that_is_undone(place: Place) -> None:
    before = publication.current_version(place.out)
    place.fill(values(), merged(2))
    for run_id in ("blocked", "the next day"):
        with pytest.raises(publication.PublicationRefused) as refused:
            run.publish(place.data, run_id)
        identity.keep_snapshot(place.data)
        [sentence] = refused.value.sentences
        assert sentence.startswith(
            "4 of 100 persons are drawn together otherwise than on 2026-07-01 (4 merged"
        )
        assert "mdm identity acknowledge 4 --reason '...'" in sentence
    assert publication.current_version(place.out) == before
    place.fill(values())
    assert run.publish(place.data, "undone").path == before


def test_what_was_acknowledged_is_published_and_the_next_jump_needs_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fill(values(), merged(2))
    assert mdm(monkeypatch, "publish") == 1
    assert "mdm: refused: 4 of 100 persons" in capsys.readouterr().err
    assert mdm(monkeypatch, "status") in (None, 0)
    refused = "last run failed at mdm publish"
    told = capsys.readouterr().out
    assert refused in told
    assert told.count("4 of 100 persons") == 1

    assert mdm(monkeypatch, "identity", "acknowledge", "4", "--reason", WHY) in (None, 0)
    assert mdm(monkeypatch, "publish") in (None, 0)
    capsys.readouterr()
    assert mdm(monkeypatch, "status") in (None, 0)
    told = capsys.readouterr().out
    assert "publication is blocked" not in told
    assert refused not in told
    assert f"4 of 100 persons are drawn together otherwise than on 2026-07-01: {WHY}" in told
    kept = records.last_acknowledgement(place.data / "raw" / "_pipeline")
    assert kept is not None
    assert (kept["since"], kept["merged"], kept["reason"]) == (date(2026, 7, 1), 4, WHY)

    place.fill(values(), merged(4))
    with pytest.raises(publication.PublicationRefused, match="4 of 98 persons"):
        run.publish(place.data, "the next jump")


def test_what_grew_after_it_was_looked_at_is_not_acknowledged(place: Place) -> None:
    place.fill(values(), merged(3))
    with pytest.raises(acknowledgement.NotAcknowledged, match="By now it is another change: 6 of 100"):
        acknowledgement.acknowledge(place.data, 4, WHY, datetime.now(UTC))
    assert acknowledgement.changed(place.data).blocks
    assert records.last_acknowledgement(place.data / "raw" / "_pipeline") is None


@pytest.mark.parametrize(
    ("pairs", "reason"), [(1, WHY), (2, " "), (2, "ada@example.org said so"), (2, f"see sumo:{'0a' * 16}")]
)
def test_an_acknowledgement_is_of_something_and_names_nobody(
    pairs: int, reason: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.fill(values(), merged(pairs))
    assert mdm(monkeypatch, "identity", "acknowledge", str(2 * pairs), "--reason", reason) == cli.WRONG_CALL
    assert records.last_acknowledgement(place.data / "raw" / "_pipeline") is None


def test_without_a_publication_nothing_has_changed(place: Place) -> None:
    identity.accepted_path(place.data).unlink()
    place.fill(values(), merged(40))
    assert status.identities_in_words(status.identities(place.data)) == []
    run.publish(place.data, "first")


def test_the_gate_counts_persons_as_the_metric_does(tmp_path: Path) -> None:
    """Over the two days that the metric's own worked example compares for its run."""
    folder = settings.ROOT / "dbt" / "models" / "metrics" / "systems"
    [example] = yaml.safe_load((folder / "met_identity_volatility.yml").read_text())["unit_tests"]
    [kept] = [one["rows"] for one in example["given"] if one["input"] == "ref('fct_identity_snapshot')"]
    told = {row["category"]: row for row in example["expect"]["rows"] if row["grain"] == "run"}
    days = sorted({row["snapshot_on"] for row in kept})
    before, after = ({row["account_key"]: row["person_id"] for row in kept if row["snapshot_on"] == day}
                     for day in days[-2:])  # fmt: skip
    place = Place(tmp_path)
    place.fill(values(), after)
    rows: list[dict[str, Any]] = [
        {"snapshot_on": days[-2], "account_key": account, "person_id": person, "probable_person_id": person}
        for account, person in before.items()
    ]
    write_parquet(pa.Table.from_pylist(rows, identity.SNAPSHOT_SCHEMA), identity.accepted_path(tmp_path))
    found = acknowledgement.changed(tmp_path)
    assert (found.since, found.persons) == (days[-2], told[None]["denominator"])
    assert (found.changed, found.merged, found.split) == tuple(
        told[category]["numerator"] for category in (None, "merged", "split")
    )


def test_a_bot_is_no_person_that_changed(place: Place) -> None:
    place.fill(values(), merged(2))
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("update intermediate.int_identity__accounts set is_bot = true where person_id in "
                           "('sumo:0', 'sumo:2')")  # fmt: skip
    assert not acknowledgement.changed(place.data).blocks

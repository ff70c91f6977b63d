"""Reading the published files: the pointer, damage, selections."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards.data import EACH, NothingPublished, PublishedUnreadable, open_published, opened_once
from tests.dashboards.published import REGIONS, Invented, write


def test_no_pointer_means_nothing_published(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished):
        open_published(tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "", "a/b", ".hidden"])
def test_a_pointer_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "current").write_text(name)
    with pytest.raises(PublishedUnreadable):
        open_published(tmp_path)


def test_a_missing_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("2026-01-01T000000Z")
    with pytest.raises(PublishedUnreadable, match=r"2026-01-01T000000Z .* missing"):
        open_published(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "public.duckdb").write_bytes(b"this is not a database" * 400)
    with pytest.raises(PublishedUnreadable, match="cannot be read"):
        open_published(tmp_path)


def test_a_file_without_its_tables_is_unreadable(tmp_path: Path) -> None:
    folder = write(tmp_path)
    with duckdb.connect(str(folder / "public.duckdb")) as out:
        out.execute("drop table release")
    with pytest.raises(PublishedUnreadable, match="release"):
        open_published(tmp_path)


def test_the_public_file_is_the_default_and_hides_more(published: Path) -> None:
    public, internal = open_published(published), open_published(published, "internal")
    assert (public.release.k, internal.release.k) == (10, 5)
    hidden = [
        (one.select("active_contributors_by_region", ("month",), region=EACH)["status"] == "suppressed").sum()
        for one in (public, internal)
    ]
    assert hidden[0] > hidden[1] > 0


def test_an_unknown_audience_is_refused(published: Path) -> None:
    with pytest.raises(ValueError, match="public, internal"):
        open_published(published, "everyone")


def test_readers_see_the_new_version_once_the_pointer_moves(tmp_path: Path) -> None:
    write(tmp_path, Invented(version="v1"))
    assert open_published(tmp_path).version == "v1"
    write(tmp_path, Invented(version="v2"), point=False)
    assert open_published(tmp_path).version == "v1"
    (tmp_path / "current").write_text("v2\n")
    assert open_published(tmp_path).version == "v2"
    assert open_published(tmp_path, version="v1").version == "v1"


def test_reading_holds_no_connection(tmp_path: Path) -> None:
    folder = write(tmp_path)
    open_published(tmp_path).select("active_contributors", ("month",))
    with duckdb.connect(str(folder / "public.duckdb")) as writer:
        assert writer.execute("select count(*) from release").fetchone() == (1,)


def test_a_dimension_that_is_not_named_is_not_split(published: Path) -> None:
    one = open_published(published)
    total = one.select("active_contributors", ("month",))
    assert len(total) == 36
    assert total["area"].isna().all()
    regions = one.select("active_contributors_by_region", ("month",), region=EACH)
    assert set(regions["region"]) == {*REGIONS, "unknown"}
    assert regions["country"].isna().all()


def test_until_keeps_only_periods_that_have_ended(published: Path) -> None:
    end = datetime(2025, 1, 1)
    rows = open_published(published).select("active_contributors", ("month",), until=end)
    assert rows["period_end"].max() == end


def test_the_first_grain_with_rows_is_used(published: Path) -> None:
    one = open_published(published)
    rows = one.select("active_contributors", ("week", "trailing_90d", "month"))
    assert set(rows["grain"]) == {"trailing_90d"}


def test_headlines_are_about_the_community_unless_asked(published: Path) -> None:
    one = open_published(published)
    grains = ("month",)
    plain = one.select("contributor_absence_factor", grains, area=EACH)
    both = one.select("contributor_absence_factor", grains, area=EACH, population=["community", "all"])
    assert set(plain["population"]) == {"community"}
    assert len(both) == 2 * len(plain)


def test_within_a_page_a_file_is_opened_once_and_closed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    published = open_published(tmp_path)
    connect, opened = duckdb.connect, list[duckdb.DuckDBPyConnection]()

    def counted(*args: Any, **kwargs: Any) -> duckdb.DuckDBPyConnection:
        opened.append(connect(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr("dashboards.data.duckdb.connect", counted)
    with opened_once():
        for metric in ("active_contributors", "new_contributors", "region_coverage"):
            assert len(published.select(metric, ("month",)))
        assert len(opened) == 1
    with pytest.raises(duckdb.ConnectionException):
        opened[0].execute("select 1")
    assert len(published.select("contributions", ("month",), area=EACH, event_type=EACH))
    assert len(opened) == 2

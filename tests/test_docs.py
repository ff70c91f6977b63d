"""What is written for people is there, and is true of what it speaks of."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pipelines.cli import app
from pipelines.settings import ROOT
from pipelines.sources import SOURCES

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "DECISIONS.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_make_target_is_told_in_the_makefile_or_readme() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE).group(1).split()
    assert {"run", "test", "serve", "dev", "check", "bench"} <= set(targets)
    for target in targets:
        assert re.search(rf"^#   make {target}\b", makefile, re.MULTILINE), target


def test_every_command_is_told_in_the_readme() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert all(f"`mdm {name}" in README for name in commands - {"parse"})


def test_every_metric_is_told_in_the_readme_with_its_question() -> None:
    for path in (ROOT / "dbt" / "models" / "metrics").rglob("met_*.yml"):
        metric = path.stem.removeprefix("met_")
        question = re.search(r"question: \"?(.+?)\"?\n", path.read_text()).group(1)
        assert f"`{metric}`" in README, metric
        assert question in README, question


def test_every_variable_that_is_read_is_in_the_example_file() -> None:
    read = set(re.findall(r"\"(MDM_[A-Z_]+)\"", (ROOT / "pipelines" / "settings.py").read_text()))
    read |= {f"MDM_{name.upper()}_{'URL' if one.kept is None else 'DIR'}" for name, one in SOURCES.items()}
    read |= {f"MDM_{name.upper()}_DIR" for name, one in SOURCES.items() if one.closed_on}
    told = set(re.findall(r"^(MDM_[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read <= told


def test_a_key_is_told_of_where_one_is_sent_and_nowhere_else() -> None:
    sent = {f"MDM_{name.upper()}_TOKEN" for name, one in SOURCES.items() if one.headers("a key")}
    assert sent == {"MDM_BUGZILLA_TOKEN", "MDM_PONTOON_TOKEN"}
    assert set(re.findall(r"MDM_\w+_TOKEN", (ROOT / ".env.example").read_text() + README)) <= sent


def test_every_module_says_what_belongs_in_it() -> None:
    for folder in ("pipelines", "expectations", "dashboards"):
        for path in (ROOT / folder).rglob("*.py"):
            assert ast.get_docstring(ast.parse(path.read_text())), path


def test_every_stream_says_what_one_record_is() -> None:
    assert all(stream.about for source in SOURCES.values() for stream in source.streams)


def test_no_lock_file_names_an_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / name).read_text()


def test_every_fault_in_the_readme_names_a_test_that_is_there() -> None:
    table = README[README.index("| fault |") : README.index("## Speed")]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    named = [re.findall(r"`(test_\w+)`", row.rstrip("| ").rpartition(" | ")[2]) for row in rows]
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert all(named)
    assert [name for names in named for name in names if f"def {name}(" not in written] == []

"""Accounts are brought together as the generated community has them: scored against its planted truth."""

from __future__ import annotations

import pytest

from pipelines.simulation.generator import generate
from tests.bench.identity import scores
from tests.whole.conftest import Twice

pytestmark = pytest.mark.whole


def test_linked_accounts_are_one_persons(demo: Twice) -> None:
    """The floor of recall is the aim: this seed reaches 0.952.

    What is missed says nothing of each other: another nick, a first name alone, a closed log-in.
    """
    _, truth = generate("small", 1)
    found = scores(demo.data, truth)
    assert found["confirmed"].found >= 5
    assert found["confirmed"].precision >= 0.999
    assert found["probable"].precision >= 0.99
    assert found["probable"].recall >= 0.95
